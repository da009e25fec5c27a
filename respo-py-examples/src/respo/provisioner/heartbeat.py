"""Keeps a token lease alive, and notices when it is not."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from typing import Any, Callable

from respo.absence import setback_of
from respo.backoff import Backoff
from respo.errors import Error, LeaseLost, Unavailable
from respo.process import hold, let_go
from respo.provisioner.lifetime import Lifetime
from respo.provisioner.token_leases import TokenLeases
from respo.streams import now

logger = logging.getLogger("respo")

_BEATS = 3
"""How many heartbeats there are in the time for which a lease lives without one."""


class Heartbeat:
    """A thread that renews one lease until it is told to stop, and then releases it.

    Args:
        leases: Where the lease is.
        number: Its number.
        token: Its secret.
        ttl: For how many seconds it lives from each renewal.
        asked_at: When it was asked for, or followed last: it lives from then on at least.
        on_lost: Called in the thread that finds out when the lease is lost.

    """

    def __init__(
        self,
        leases: TokenLeases,
        number: int,
        token: str,
        *,
        ttl: float,
        asked_at: float,
        on_lost: Callable[[LeaseLost], Any],
    ) -> None:
        self.owner: object = leases
        self.error: LeaseLost | None = None
        self._leases = leases
        self._number = number
        self._token = token
        self._lifetime = Lifetime(ttl, asked_at)
        self._on_lost = on_lost
        self._mutex = threading.Lock()
        # Its put() may be called in the middle of anything, as a signal handler does.
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="respo-heartbeat", daemon=True)

    def start(self) -> None:
        """Begin."""
        hold(self)
        self._thread.start()

    def stop(self) -> None:
        """Have the thread release the lease, and end. Does not wait, takes no lock."""
        self._is_stopping = True
        self._bell.put(None)

    def join(self, timeout: float | None = None) -> bool:
        """Wait until the thread has ended, and return whether it has."""
        if self._thread is threading.current_thread():
            return False
        with contextlib.suppress(RuntimeError):  # it has not begun
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def forget(self) -> None:
        """Give it up in a forked child, in which the thread does not run."""
        self._is_stopping = True

    def check(self) -> None:
        """Make sure that the lease is held: with a heartbeat, if one is overdue.

        Raises:
            LeaseLost: If it is not.

        """
        if self.error is None and now() > self._lifetime.ends:
            self._beat(Backoff())
        if self.error is not None:
            raise self.error.with_traceback(None) from None

    def _run(self) -> None:
        backoff = Backoff()
        # It was asked for a while ago, perhaps.
        pause = self._until_next(self._lifetime.ends - self._lifetime.ttl)
        try:
            while not self._is_stopping and self.error is None:
                with contextlib.suppress(queue.Empty):
                    self._bell.get(timeout=pause)
                if not self._is_stopping:
                    pause = self._beat(backoff)
            if self.error is None:
                self._release()
        finally:
            let_go(self)

    def _beat(self, backoff: Backoff) -> float:
        """Renew the lease, and return in how many seconds to do so again."""
        began = now()
        within = self._lifetime.within(self._leases.timeout)
        try:
            with self._lifetime.watched(self._overdue):
                self._leases.renew(self._number, self._token, within)
        except Error as error:
            pause = self._lifetime.failed(error, began, backoff.pause())
            if setback_of(error) == "refused" or self._lifetime.is_over:
                self._lose(error)
            return min(pause, self._lifetime.ttl / _BEATS)
        self._lifetime.renewed(began)
        return self._until_next(began)

    def _until_next(self, began: float) -> float:
        """Return how many seconds there are to the heartbeat after the one that began then."""
        return max(0.0, began + self._lifetime.ttl / _BEATS - now())

    def _overdue(self) -> None:
        """Take in that no answer has come for as long as the lease is sure to live."""
        self._lose(Unavailable(f"respod at {self._leases.address} did not answer in time"))

    def _lose(self, error: Error) -> None:
        reason = error.reason if isinstance(error, LeaseLost) else "expired"
        lost = LeaseLost(
            f"allocation {self._number} was lost: {error.detail}",
            reason=reason,
            problem=error.problem,
        )
        with self._mutex:
            if self.error is not None:
                return
            self.error = lost
        try:
            self._on_lost(lost)
        except Exception:
            logger.exception("on_lost failed")

    def _release(self) -> None:
        """Tell respod, for as long as that is worth trying."""
        deadline, backoff = now() + self._leases.timeout, Backoff()
        while True:
            try:
                self._leases.end(self._number, self._token)
            except Error as error:
                if setback_of(error) == "refused":
                    self._find_out()
                    return
                pause = backoff.pause()
                if now() + pause >= deadline:
                    logger.warning(
                        "allocation %d could not be released, and expires: %s", self._number, error
                    )
                    return
                with contextlib.suppress(queue.Empty):
                    self._bell.get(timeout=pause)
            else:
                return

    def _find_out(self) -> None:
        """Find out why there is nothing to release: somebody may have had it for a while already.

        Or an earlier attempt, of which no answer came, has released it.
        """
        try:
            self._leases.renew(self._number, self._token, self._leases.timeout)
        except Error as error:
            if not (isinstance(error, LeaseLost) and error.reason == "released"):
                self._lose(error)
