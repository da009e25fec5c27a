"""What is known of a lease: written by the thread that follows it, read by any other."""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Callable, Optional

from respo.errors import Error, LeaseLost
from respo.notices import Notice
from respo.resources import Resource

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger("respo")

OnNotice = Callable[[Notice], Any]
OnLost = Callable[[LeaseLost], Any]


class Grant:
    """What respod has granted."""

    __slots__ = ("by_requirement", "expires", "fence", "id", "pool", "since", "token")

    def __init__(self, lease: Mapping[str, Any]) -> None:
        """Read it from JSON."""
        self.id = int(lease["id"])
        self.fence = int(lease["fence"])
        self.pool = str(lease["pool"])
        self.token = str(lease["token"])
        self.since = str(lease["since"])
        self.expires: str | None = lease.get("expires")
        self.by_requirement = tuple(
            tuple(Resource.of(one) for one in group) for group in lease["resources"]
        )

    @property
    def resources(self) -> tuple[Resource, ...]:
        """All of it, in order."""
        return tuple(one for group in self.by_requirement for one in group)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all."""
        return tuple(one.name for one in self.resources)


class LeaseState:
    """The follower of a request whose lease is used by threads."""

    def __init__(self, on_notice: OnNotice | None, on_ended: Callable[[], None]) -> None:
        """``on_ended`` is called once, in the thread that follows it, when it is lost."""
        self.grant_: Optional[Grant] = None
        self.error: Error | None = None
        self.is_acquired = False
        self._on_notice = on_notice
        self._on_ended = on_ended
        self._changed = threading.Condition()
        self._untold: deque[Notice] = deque()

    def tell(self, notice: Notice) -> None:
        """Pass a notice on: while the request waits, in the thread that waits for it."""
        with self._changed:
            if not self.is_acquired:
                self._untold.append(notice)
                self._changed.notify_all()
                return
        self._pass_on_safely(notice)

    def grant(self, lease: Mapping[str, Any]) -> None:
        """Take in that the lease is held."""
        with self._changed:
            token = self.grant_.token if self.grant_ else None
            self.grant_ = Grant({"token": token, **lease})
            self._changed.notify_all()

    def end(self, error: Error) -> None:
        """Take in that it is over."""
        with self._changed:
            self.error = error
            was_acquired = self.is_acquired
            self._changed.notify_all()
        if was_acquired:
            self._on_ended()

    def wait(self) -> None:
        """Wait until the lease is held, and pass on what is told meanwhile.

        Raises:
            Error: If it never will be.

        """
        while True:
            with self._changed:
                while not (self._untold or self.grant_ or self.error):
                    self._changed.wait()
                untold = list(self._untold)
                self._untold.clear()
                if not untold:
                    if self.error is not None:
                        raise self.error from None
                    self.is_acquired = True
                    return
            for notice in untold:
                self._pass_on(notice)

    def _pass_on(self, notice: Notice) -> None:
        if self._on_notice is not None:
            self._on_notice(notice)
        else:
            logger.info("%s", notice)

    def _pass_on_safely(self, notice: Notice) -> None:
        try:
            self._pass_on(notice)
        except Exception:
            logger.exception("on_notice failed; the lease is kept")
