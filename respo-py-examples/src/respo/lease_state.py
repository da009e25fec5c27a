"""What is known of a lease: written by the thread that follows it, read by any other."""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from respo.errors import Error, LeaseLost
from respo.interruption import Block, nudged
from respo.lease_facts import Grant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from respo.notices import Notice
    from respo.options import Watch

logger = logging.getLogger("respo")


class LeaseState:
    """The follower of a request whose lease is used by threads."""

    def __init__(self, watch: Watch) -> None:
        """``watch``: who is told what."""
        self.granted: Grant | None = None
        self.error: Error | None = None
        self._watch = watch
        self._is_acquired = False
        self._block: Block | None = None
        self._changed = threading.Condition()
        self._untold: deque[Notice] = deque()

    def enter(self) -> None:
        """Take in that this thread enters a ``with`` block."""
        self._block = Block() if self._watch.interrupt else None

    def leave(self) -> None:
        """Take in that this thread leaves it."""
        block, self._block = self._block, None
        if block is not None:
            block.leave()

    def tell(self, notice: Notice) -> None:
        """Pass a notice on: while the request waits, in the thread that waits for it."""
        with self._changed:
            if not self._is_acquired:
                self._untold.append(notice)
                self._changed.notify_all()
                return
        try:
            self._pass_on(notice)
        except BaseException:
            logger.exception("on_notice failed; the lease is kept")

    def grant(self, lease: Mapping[str, Any]) -> None:
        """Take in that the lease is held."""
        with self._changed:
            known = {"token": self.granted.token} if self.granted else {}
            self.granted = Grant({**known, **lease})
            self._changed.notify_all()

    def end(self, error: Error) -> None:
        """Take in that it is over."""
        with self._changed:
            self.error = error
            is_lost = self._is_acquired and isinstance(error, LeaseLost)
            self._changed.notify_all()
        if not (is_lost and isinstance(error, LeaseLost)):
            return
        if self._watch.on_lost is not None:
            try:
                self._watch.on_lost(error)
            except BaseException:
                logger.exception("on_lost failed")
        else:
            logger.error("%s", error)
        block = self._block
        if block is not None:
            block.interrupt(error)

    def wait(self) -> Grant:
        """Wait until the lease is held, and pass on what is told meanwhile.

        Raises:
            Error: If it never will be.

        """
        with nudged(self._nudge):
            while True:
                with self._changed:
                    if not (self._untold or self.granted or self.error):
                        self._changed.wait()
                    untold = list(self._untold)
                    self._untold.clear()
                    if not untold and self.error is not None:
                        raise self.error
                    if not untold and self.granted is not None:
                        self._is_acquired = True
                        return self.granted
                for notice in untold:
                    self._pass_on(notice)

    def _nudge(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _pass_on(self, notice: Notice) -> None:
        if self._watch.on_notice is not None:
            self._watch.on_notice(notice)
        else:
            logger.info("%s", notice)
