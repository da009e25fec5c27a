"""Records what happens to locks, under tags."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from respo.resource_locker.reporter.aspects import Aspects
from respo.resource_locker.reporter.counters import DEFAULT, Store

# The same layout as resource_locker's, so that it can be read with either from one redis.
TAGS = "_TAGS"


def values_of(tag: str) -> str:
    """Return the name of the set of the values of a tag."""
    return f"_TAG_{safe(tag)}"


def counts_of(tag: str, value: Any) -> str:
    """Return the name of the map of what is counted under a tag with a value."""
    return f"{safe(tag)}__{safe(value)}"


def safe(thing: Any) -> str:
    """Return the form in which tags and their values are kept.

    >>> safe(" Lab.1:T_1000 ")
    'lab-1-t-1000'
    """
    text = str(thing).strip().lower()
    for odd in ".:_":
        text = text.replace(odd, "-")
    return text


class Reporter:
    """Counts under each of some tags.

    Args:
        client: Where: :class:`Counters`, :class:`FileCounters` or a redis client; by default in
            this process.
        bombproof: Whether a failure is logged only, or else raised.
        logger: Where it is logged.
        **tags: What to count under.

    Example:
        >>> reporter.Reporter(model="T2000").lock_success(wait=1.5)
        >>> reporter.Query().all_aspects("model", "T2000")
        {'lock_acquire_count': 1, 'lock_acquire_wait': 1.5}

    """

    def __init__(
        self,
        client: Store | None = None,
        bombproof: bool = True,  # noqa: FBT001, FBT002 as in resource_locker
        logger: logging.Logger | None = None,
        **tags: Any,
    ) -> None:
        self.client: Store = DEFAULT if client is None else client
        self.bombproof = bombproof
        self.logger = logger or logging.getLogger(__name__)
        self.tags = tags

    def report(self, tags: Mapping[str, Any], aspects: Mapping[str, float | None]) -> int:
        """Add to what is counted, under these tags and those of the reporter.

        Returns:
            How many numbers were added to.

        Raises:
            Exception: Whatever goes wrong, unless this is ``bombproof``.

        """
        try:
            return self._add({**self.tags, **tags}, aspects)
        except Exception:
            if not self.bombproof:
                raise
            self.logger.exception("what became of a lock could not be counted")
            return 0

    def lock_requested(self, **tags: Any) -> None:
        """Count that something was asked for."""
        self.report(tags, {Aspects.lock_request_count: 1})

    def lock_success(self, wait: float | None = None, **tags: Any) -> None:
        """Count that it was obtained, after ``wait`` seconds."""
        self.report(tags, {Aspects.lock_acquire_count: 1, Aspects.lock_acquire_wait: wait})

    def lock_failed(self, **tags: Any) -> None:
        """Count that it was not to be had."""
        self.report(tags, {Aspects.lock_acquire_fail_count: 1})

    def lock_released(self, wait: float | None = None, **tags: Any) -> None:
        """Count that it was given back, after it was held for ``wait`` seconds."""
        self.report(tags, {Aspects.lock_release_count: 1, Aspects.lock_release_wait: wait})

    def _add(self, tags: Mapping[str, Any], aspects: Mapping[str, float | None]) -> int:
        Aspects.validate(*aspects)
        added = {aspect: amount for aspect, amount in aspects.items() if amount is not None}
        if tags:
            self.client.sadd(TAGS, *tags)
        for tag, value in tags.items():
            self.client.sadd(values_of(tag), safe(value))
            counts = counts_of(tag, value)
            for aspect, amount in added.items():
                if isinstance(amount, float):
                    self.client.hincrbyfloat(counts, aspect, amount)
                else:
                    self.client.hincrby(counts, aspect, amount)
        return len(tags) * len(added)

    def _clear_all(self) -> None:
        self.client.flushdb()


class DummyReporter(Reporter):
    """Counts nothing."""

    def report(self, tags: Mapping[str, Any], aspects: Mapping[str, float | None]) -> int:
        """Do nothing."""
        del tags, aspects
        return 0
