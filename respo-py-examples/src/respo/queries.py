"""The query strings of lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from respo.options import SELECTION, check_names
from respo.requirement import Requirement
from respo.requirement_text import property_text

if TYPE_CHECKING:
    from collections.abc import Mapping

Query = "list[tuple[str, str]]"


def pool_query(pool: str | None, **more: str | None) -> list[tuple[str, str]]:
    """Return the query for what there is of a pool."""
    return [(key, value) for key, value in (("pool", pool), *more.items()) if value is not None]


def resources_query(
    selection: Mapping[str, Any], state: str | tuple[str, ...] | None, pool: str | None
) -> list[tuple[str, str]]:
    """Return the query of the resources that match a selection.

    >>> resources_query({"attributes": ["can", "lin"], "entities": [["jtag"]]}, "free", None)
    [('state', 'free'), ('attributes', '[can,lin]'), ('entities', '[[jtag]]')]
    """
    check_names(selection, *SELECTION, "state", "pool")
    wanted = Requirement(**selection)
    query = pool_query(pool)
    if state is not None:
        query.append(("state", state if isinstance(state, str) else _listed(state)))
    if wanted.resource:
        query.append(("resource", _listed(wanted.resource)))
    if wanted.location is not None:
        query.append(("location", wanted.location))
    if wanted.attributes:
        query.append(("attributes", _listed(wanted.attributes)))
    if wanted.entities:
        query.append(("entities", _listed(_pattern(one) for one in wanted.entities)))
    query += [("property", property_text(path, value)) for path, value in _flat(wanted.properties)]
    if wanted.where is not None:
        query.append(("where", wanted.where))
    return query


def _listed(items: Any) -> str:
    return f"[{','.join(items)}]"


def _pattern(pattern: Mapping[str, Any]) -> str:
    properties = _flat(pattern.get("properties", {}))
    return _listed(
        [
            *pattern.get("attributes", ()),
            *("{" + property_text(path, value) + "}" for path, value in properties),
        ]
    )


def _flat(properties: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return properties with their paths: maps in maps are the same as paths with dots."""
    return [
        (f"{path}.{rest}" if rest else path, leaf)
        for path, value in properties.items()
        for rest, leaf in (_flat(value) if isinstance(value, dict) and value else [("", value)])
    ]
