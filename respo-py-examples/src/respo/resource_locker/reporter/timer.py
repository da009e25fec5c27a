"""A stop watch."""

from __future__ import annotations

import time
from types import TracebackType


class Timer:
    """Measures seconds from its start to its stop.

    Example:
        >>> with Timer() as timer:
        ...     pass
        >>> timer.duration >= 0
        True

    """

    def __init__(self) -> None:
        self._started: float | None = None
        self._duration: float | None = None

    def start(self) -> Timer:
        """Begin to measure, anew if it was used before, and return this timer."""
        self._started = time.monotonic()
        self._duration = None
        return self

    def stop(self) -> float:
        """Stop, unless that is done, and return the seconds since the start; 0 without one."""
        if self._duration is None:
            now = time.monotonic()
            self._duration = now - (now if self._started is None else self._started)
        return self._duration

    @property
    def duration(self) -> float | None:
        """The seconds from its start to its stop; ``None`` before."""
        return self._duration

    def __enter__(self) -> Timer:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()
