"""Reads what was counted."""

from __future__ import annotations

import json
from typing import Any

from respo.resource_locker.reporter.aspects import Aspects
from respo.resource_locker.reporter.counters import DEFAULT, Store
from respo.resource_locker.reporter.reporter import TAGS, counts_of, values_of


class Query:
    """What was counted.

    Args:
        client: Where, as for :class:`Reporter`; by default in this process.

    Example:
        >>> reporter.Reporter(model="T3000").lock_requested()
        >>> reporter.Query().all_values("model")
        ['t3000']

    """

    def __init__(self, client: Store | None = None) -> None:
        self.client: Store = DEFAULT if client is None else client

    def all_tags(self) -> list[str]:
        """Return every tag that was counted under, sorted."""
        return sorted(_text(one) for one in self.client.smembers(TAGS))

    def all_values(self, tag: str) -> list[str]:
        """Return every value of a tag in the form of :func:`safe`, sorted."""
        return sorted(_text(one) for one in self.client.smembers(values_of(tag)))

    def all_aspects(self, tag: str, value: Any) -> dict[str, float]:
        """Return all that was counted under a tag with a value."""
        found = self.client.hgetall(counts_of(tag, value))
        return {_text(aspect): _number(amount) for aspect, amount in found.items()}

    def aspect(self, tag: str, value: Any, aspect: str) -> float:
        """Return one number of these; 0 if nothing was counted.

        Raises:
            ValueError: If there is no such aspect.

        """
        Aspects.validate(aspect)
        return self.all_aspects(tag, value).get(aspect, 0)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _number(amount: str | bytes) -> float:
    number: float = json.loads(amount)
    return number
