"""What a request needs: one requirement, as keywords, as JSON, or as text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Union

from respo.errors import Invalid

Words = Union[str, Sequence[str]]
"""One word, or several."""

EntityPattern = Union[str, Sequence[Any], Mapping[str, Any]]
"""What an entity must look like: an attribute; a list of attributes and of maps of properties; or a
map with ``attributes`` and ``properties`` as in respod's JSON."""


@dataclass(frozen=True, init=False)
class Requirement:
    """``count`` resources that match everything that is said; or ``count`` of these ``keys``.

    Args:
        count: How many.
        resource: The name, or names of which each will do.
        location: Where it is.
        attributes: It has all of these.
        entities: Patterns, each matched by an entity of its own: ``[["jtag"], ["arm64",
            {"gsm.operator": "GTE"}]]``.
        properties: It has all of these; a list is contained in its own; maps in maps are the same
            as paths with dots.
        where: An expression (CEL) that is true of it: ``size(entities) > 1``.
        keys: These keys in place of what matches; goes with ``count`` and ``stack`` only.
        stack: A label: everything in the request that has the same comes from one stack.

    Raises:
        Invalid: If a value has the wrong type. respod checks the rest when it is asked.

    Example:
        >>> Requirement(count=2, location="office2", attributes=["lte"]) == Requirement.parse(
        ...     "2 location=office2 +lte"
        ... )
        True

    """

    count: int
    resource: tuple[str, ...]
    location: str | None
    attributes: tuple[str, ...]
    entities: tuple[Mapping[str, Any], ...]
    properties: Mapping[str, Any]
    where: str | None
    keys: tuple[str, ...]
    stack: str | None

    def __init__(
        self,
        *,
        count: int = 1,
        resource: Words | None = None,
        location: str | None = None,
        attributes: Words = (),
        entities: EntityPattern = (),
        properties: Mapping[str, Any] | None = None,
        where: str | None = None,
        keys: Words | None = None,
        stack: str | None = None,
    ) -> None:
        """Make a requirement; the class says what each argument means."""
        put = object.__setattr__
        put(self, "count", count)
        put(self, "resource", _some_words("resource", resource))
        put(self, "location", location)
        put(self, "attributes", _words("attributes", attributes))
        put(self, "entities", tuple(_pattern(one) for one in _patterns(entities)))
        put(self, "properties", dict(properties or {}))
        put(self, "where", where)
        put(self, "keys", _some_words("keys", keys))
        put(self, "stack", stack)

    @classmethod
    def parse(cls, text: str) -> Requirement:
        """Read the text form, such as ``"2 location=office1 +can {jtag}"``.

        Raises:
            Invalid: If the text has a mistake; the error says in which column, and what would be
                right.

        """
        from respo.requirement_text import read

        return cls(**read(text))

    @classmethod
    def of(cls, wanted: str | Requirement | Mapping[str, Any]) -> Requirement:
        """Return the requirement that a text, a mapping or a requirement says."""
        if isinstance(wanted, Requirement):
            return wanted
        if isinstance(wanted, str):
            return cls.parse(wanted)
        if not isinstance(wanted, Mapping):
            message = (
                f"a requirement is a text, a mapping or a Requirement, not {type(wanted).__name__}"
            )
            raise Invalid(message)
        known = {field.name for field in fields(cls)}
        odd = sorted(set(wanted) - known)
        if odd:
            message = f"a requirement has no {odd[0]!r}; it has {', '.join(sorted(known))}"
            raise Invalid(message)
        return cls(**wanted)

    def narrowed(self, further: Requirement) -> Requirement:
        """Return a requirement that is met where both are.

        Raises:
            Invalid: If both say something of which there can be only one, such as the location.

        """
        merged: dict[str, Any] = {}
        for name in ("location", "where", "stack", "resource", "keys"):
            ours, theirs = getattr(self, name), getattr(further, name)
            if ours and theirs and ours != theirs:
                message = f"{name} is given twice, as {_shown(ours)} and as {_shown(theirs)}"
                raise Invalid(message)
            merged[name] = ours or theirs or None
        if 1 not in (self.count, further.count) and self.count != further.count:
            message = f"count is given twice, as {self.count} and as {further.count}"
            raise Invalid(message)
        merged["count"] = max(self.count, further.count)
        merged["attributes"] = tuple(dict.fromkeys((*self.attributes, *further.attributes)))
        merged["entities"] = (*self.entities, *further.entities)
        for path in self.properties.keys() & further.properties.keys():
            if self.properties[path] != further.properties[path]:
                message = f"the property {path} is given twice, with different values"
                raise Invalid(message)
        merged["properties"] = {**self.properties, **further.properties}
        return Requirement(**merged)

    def to_json(self) -> dict[str, Any]:
        """Return it as respod's JSON has it, without what is left at its default."""
        return {
            field.name: list(value) if isinstance(value, tuple) else value
            for field in fields(self)
            if (value := getattr(self, field.name)) not in (None, (), {})
            and (field.name, value) != ("count", 1)
        }

    def __hash__(self) -> int:
        """Hash what it says."""
        return hash(json.dumps(self.to_json(), sort_keys=True, default=str))

    def __str__(self) -> str:
        """Return the text form, which :meth:`parse` reads."""
        from respo.requirement_text import written

        return written(self)

    def __repr__(self) -> str:
        """Show what is said."""
        return f"Requirement.parse({str(self)!r})"


def _shown(value: object) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _some_words(name: str, words: Words | None) -> tuple[str, ...]:
    """Read words of which one is enough: a list that happens to be empty must not mean any."""
    if words is None:
        return ()
    checked = _words(name, words)
    if not checked:
        message = f"{name} is empty; leave it out, or say what is wanted"
        raise Invalid(message, problem={"parameter": name})
    return checked


def _words(name: str, words: Words) -> tuple[str, ...]:
    if isinstance(words, str):
        return (words,)
    words = tuple(words)
    for word in words:
        if not isinstance(word, str):
            message = f"{name}: {word!r} is not a text"
            raise Invalid(message, problem={"parameter": name})
    return words


def _patterns(entities: EntityPattern) -> tuple[Any, ...]:
    return (entities,) if isinstance(entities, (str, Mapping)) else tuple(entities)


def _pattern(pattern: EntityPattern) -> Mapping[str, Any]:
    """Return a pattern as JSON has it."""
    if isinstance(pattern, Mapping):
        if pattern.keys() <= {"attributes", "properties"}:
            attributes = _words("entities", pattern.get("attributes", ()))
            properties = dict(pattern.get("properties", {}))
        else:
            attributes, properties = (), dict(pattern)
    else:
        items = (pattern,) if isinstance(pattern, str) else tuple(pattern)
        attributes = _words("entities", [one for one in items if not isinstance(one, Mapping)])
        properties = {
            path: value for one in items if isinstance(one, Mapping) for path, value in one.items()
        }
    return {
        **({"attributes": list(attributes)} if attributes else {}),
        **({"properties": properties} if properties else {}),
    }
