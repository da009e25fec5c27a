"""The pauses between attempts to reach a server that is away."""

from __future__ import annotations

import random

_FIRST = 0.1
_LONGEST = 2.0


class Backoff:
    """Growing pauses, in seconds, of which each is at least half of what it could be.

    The rest is a matter of chance, so that the many who lost the same server do not all ask for it
    again at once.
    """

    def __init__(self) -> None:
        """Begin with a short pause."""
        self._next = _FIRST

    def pause(self) -> float:
        """Return the next pause."""
        longest, self._next = self._next, min(_LONGEST, self._next * 2)
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 nothing secret hangs on it
