"""For how long a token lease is known to live, and until when to try to renew it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Callable

from respo.absence import setback_of
from respo.errors import Error
from respo.streams import now

_TOO_SHORT = 0.05
"""With fewer seconds left, no further attempt is worth its while."""

_LAST_ATTEMPT = 0.75
"""How many seconds an attempt may take that begins too late: if it succeeds, that is proof."""


class Lifetime:
    """How long a lease lives without another renewal: until :attr:`ends` at least.

    respod reckons from when it hears of a renewal, and this from when it was sent, so what counts
    as over here is so before anybody else can have it.

    Args:
        ttl: For how many seconds the lease lives from each renewal.
        since: When it was asked for, or followed last (:func:`respo.streams.now`).

    """

    def __init__(self, ttl: float, since: float) -> None:
        self.ttl = ttl
        self.ends = since + ttl

    @property
    def is_over(self) -> bool:
        """Whether there is no time left for another attempt."""
        return self.ends - now() < _TOO_SHORT

    def within(self, timeout: float) -> float:
        """Return how many seconds an attempt that begins now may take."""
        left = self.ends - now()
        return min(timeout, left if left > 0 else _LAST_ATTEMPT)

    def renewed(self, began: float) -> None:
        """Take in that an attempt that began then has succeeded."""
        self.ends = max(self.ends, began + self.ttl)

    def failed(self, error: Error, began: float, pause: float) -> float:
        """Take in that an attempt failed, and return how many seconds to wait before the next."""
        if setback_of(error) == "not_there":
            # respod does not run. When it is back, every lease has its whole time again.
            self.renewed(began)
        # The last attempts come closer together, so that a respod that is back late is not missed.
        return max(0.0, min(pause, (self.ends - now()) / 2))

    @contextlib.contextmanager
    def watched(self, on_over: Callable[[], None]) -> Iterator[None]:
        """Call ``on_over`` in another thread if it is over before the block is.

        A call can take longer than it may: a host has several addresses, a name server hangs.
        """
        is_done = threading.Event()
        wait = self.within(threading.TIMEOUT_MAX)

        def watch() -> None:
            left = wait
            while not is_done.wait(left):
                left = self.ends - now()
                if left <= 0:
                    on_over()
                    return

        with contextlib.suppress(RuntimeError):  # at the end of the process
            threading.Thread(target=watch, name="respo-lifetime", daemon=True).start()
        try:
            yield
        finally:
            is_done.set()
