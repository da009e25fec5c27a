"""Where counts are kept: in this process.

The methods are those of a redis client that are needed, so that one can take its place.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Protocol


class Store(Protocol):
    """Sets of texts, and maps of numbers, by name; a redis client is one."""

    def sadd(self, name: str, *values: str) -> Any:
        """Add to a set."""

    def smembers(self, name: str) -> Any:
        """Return what is in a set, as texts or bytes."""

    def hincrby(self, name: str, key: str, amount: int) -> Any:
        """Add to a number of a map."""

    def hincrbyfloat(self, name: str, key: str, amount: float) -> Any:
        """Add to a number of a map."""

    def hgetall(self, name: str) -> Any:
        """Return a map, as texts or bytes."""

    def flushdb(self) -> Any:
        """Forget everything."""


class Counters:
    """Counts of this process, for any of its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sets: dict[str, set[str]] = {}
        self._maps: dict[str, dict[str, float]] = {}

    def sadd(self, name: str, *values: str) -> None:
        """Add to a set."""
        with self._lock:
            self._sets.setdefault(name, set()).update(values)

    def smembers(self, name: str) -> set[str]:
        """Return what is in a set."""
        with self._lock:
            return set(self._sets.get(name, ()))

    def hincrby(self, name: str, key: str, amount: float) -> None:
        """Add to a number of a map."""
        with self._lock:
            numbers = self._maps.setdefault(name, {})
            numbers[key] = numbers.get(key, 0) + amount

    hincrbyfloat = hincrby

    def hgetall(self, name: str) -> Mapping[str, str]:
        """Return a map, its numbers as texts."""
        with self._lock:
            return {key: repr(number) for key, number in self._maps.get(name, {}).items()}

    def flushdb(self) -> None:
        """Forget everything."""
        with self._lock:
            self._sets.clear()
            self._maps.clear()


DEFAULT = Counters()
"""Those that reporters and queries share where they are given none."""
