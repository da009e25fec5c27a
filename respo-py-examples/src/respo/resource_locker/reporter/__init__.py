"""Counts how often things are locked, and for how long they are waited for and held.

Example:
    >>> from respo.resource_locker import Lock, P, reporter
    >>> with Lock(P("a", model="T1000"), reporter_class=reporter.Reporter):
    ...     pass
    >>> query = reporter.Query()
    >>> query.all_tags(), query.all_values("model")
    (['key', 'model'], ['t1000'])
    >>> query.aspect("model", "T1000", reporter.Aspects.lock_acquire_count)
    1

"""

from __future__ import annotations

from respo.resource_locker.reporter.aspects import Aspects
from respo.resource_locker.reporter.counters import Counters
from respo.resource_locker.reporter.file_counters import FileCounters
from respo.resource_locker.reporter.query import Query
from respo.resource_locker.reporter.reporter import DummyReporter, Reporter, safe
from respo.resource_locker.reporter.timer import Timer

RedisReporter = Reporter
"""The name that resource_locker has for it. It needs no redis; ``client=`` may be one."""

__all__ = [
    "Aspects",
    "Counters",
    "DummyReporter",
    "FileCounters",
    "Query",
    "RedisReporter",
    "Reporter",
    "Timer",
    "safe",
]
