"""What tests demand of their hosts, as requirements of respod."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from respo.errors import Invalid
from respo.requirement import Requirement

Demands = Mapping[str, Mapping[str, Any]]
"""For each host, by the name that the test gives it, what it must have."""

_WORDS = frozenset(field.name for field in fields(Requirement)) - {"count"}


def requirements_of(demands: Demands) -> list[Requirement]:
    """Return one requirement for each host, in their order.

    A number is the least that a property may be; anything else is what it must be, or a list that
    it must contain. The words of :class:`respo.Requirement`, such as ``attributes``, mean what they
    mean there.

    Raises:
        Invalid: If this is nothing that could be demanded.

    Example:
        >>> requirements_of({"host": {"gpu": 1, "os": "linux", "attributes": ["can"]}, "other": {}})
        [Requirement.parse('+can os=linux where=properties["gpu"] >= 1'), Requirement.parse('1')]

    """
    if not isinstance(demands, Mapping) or not demands:
        message = f'no host is demanded; write {{"host": {{"gpu": 1}}}}, not {demands!r}'
        raise Invalid(message)
    return [_requirement(host, demand) for host, demand in demands.items()]


def _requirement(host: str, demand: Mapping[str, Any]) -> Requirement:
    if not isinstance(demand, Mapping):
        message = f'the host {host} demands {demand!r}; write a mapping, such as {{"gpu": 1}}'
        raise Invalid(message)
    words = {key: value for key, value in demand.items() if key in _WORDS}
    equal: dict[str, Any] = {}
    conditions: list[str] = []
    for key, value in demand.items():
        if key not in _WORDS:
            _take((key,), value, equal, conditions)
    equal.update(words.pop("properties", None) or {})
    if words.get("where"):
        conditions.append(f"({words.pop('where')})" if conditions else words.pop("where"))
    return Requirement(**words, properties=equal, where=" && ".join(conditions) or None)


def _take(path: tuple[str, ...], value: Any, equal: dict[str, Any], conditions: list[str]) -> None:
    """Take in what a property must be; ``path`` leads to it."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            _take((*path, key), inner, equal, conditions)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        keys = ".".join(path).split(".")
        place = "".join(f"[{json.dumps(key)}]" for key in keys)
        conditions.append(f"properties{place} >= {value!r}")
    else:
        equal[".".join(path)] = value
