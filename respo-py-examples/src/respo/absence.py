"""For how long a request or lease whose connection broke may still be taken up again.

The rule that everything here serves: a lease must count as lost before anyone else can have been
granted its resource. What an attempt shows of the server decides how long that is:

- The server is not there: it grants nothing, and when it is back, it waits for its clients first.
  There is no hurry, and each attempt that shows this is a sign from which the next case is
  reckoned.
- It does not answer: it may be there, and may end the lease. What it cannot have done yet is
  bounded by the time since its last sign.

A lease that has an end is lost then in any case. So is a request whose time to wait is over.
"""

from __future__ import annotations

from dataclasses import dataclass

from respo.errors import Error
from respo.streams import Pace, now

_TOO_SHORT = 0.05
"""With fewer seconds left, no further attempt is worth its while."""

_BUSY_CODES = frozenset({"overloaded", "store_unavailable"})
"""Such a server runs, and may end the lease; it only cannot talk now."""

_PROXY_STATUSES = frozenset({502, 503})
_UNKNOWN_STATUSES = frozenset({408, 429})
_NOT_THERE = "not_there"
_UNKNOWN = "unknown"
_REFUSED = "refused"


def setback_of(error: Error) -> str:
    """Return what a failed call tells of a server: not there, unknown, or that it says no."""
    status = int(error.problem.get("status", 0))
    if error.code == "refused":
        return _NOT_THERE
    if not status or error.code in _BUSY_CODES:
        return _UNKNOWN
    if status in _PROXY_STATUSES:
        return _NOT_THERE
    return _UNKNOWN if status in _UNKNOWN_STATUSES or status >= 500 else _REFUSED  # noqa: PLR2004


def is_refusal(error: Error) -> bool:
    """Return whether the server has answered, and the answer is no."""
    return setback_of(error) == _REFUSED


@dataclass
class Absence:
    """How things stood when the connection broke.

    Attributes:
        pace: How long that server could be waited for.
        last_sign: When there was the last sign of it.
        patience: For how many seconds after that the server cannot have given the resource away.
        bound: When all is over whatever the server does, if that is known.

    """

    pace: Pace
    last_sign: float
    patience: float
    bound: float | None
    _lost_at: float = 0.0
    _is_known_to_be_away: bool = False

    def __post_init__(self) -> None:
        """Reckon from how things stood."""
        self._reckon()

    def _reckon(self) -> None:
        # One attempt is always worth making, since one that succeeds is proof.
        self._lost_at = max(self.last_sign + self.patience, now() + self.pace.last_attempt)

    @property
    def ends(self) -> float:
        """When it is too late for the attempt that begins now."""
        return self._lost_at if self.bound is None else min(self._lost_at, self.bound)

    @property
    def seconds_left(self) -> float | None:
        """In how many seconds all is lost; ``None``: not for as long as the server is away."""
        if self._is_known_to_be_away:
            return None if self.bound is None else max(0.0, self.bound - now())
        return max(0.0, self.ends - now())

    @property
    def is_over(self) -> bool:
        """Whether it is too late."""
        return self.ends - now() < _TOO_SHORT

    @property
    def is_past_bound(self) -> bool:
        """Whether it is too late whatever the server does."""
        return self.bound is not None and self.bound - now() < _TOO_SHORT

    def failed(self, error: Error | None, pause: float) -> float:
        """Take in that an attempt failed, and return how many seconds to wait before the next one.

        ``error``: with what; ``None`` if nothing is known of the server.
        """
        self._is_known_to_be_away = error is not None and setback_of(error) == _NOT_THERE
        if self._is_known_to_be_away:
            self.last_sign = now()
            self._reckon()
            ends = self.bound
        else:
            ends = self.ends
        # The last attempts come closer together, so that a server that is back late is not missed.
        return pause if ends is None else max(0.0, min(pause, (ends - now()) / 2))

    def rested(self) -> None:
        """Take in that the pause is over: there is time for an attempt after it."""
        if self._is_known_to_be_away:
            self._reckon()
