"""What a lease is of: resources and their entities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


class Properties(Mapping[str, Any]):
    """Free-form properties: a mapping whose values can be read as attributes, too.

    Maps in maps are such mappings again.

    >>> console = Properties({"console": {"port": "/dev/ttyUSB0"}}).console
    >>> console.port, console["port"]
    ('/dev/ttyUSB0', '/dev/ttyUSB0')
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        """Wrap ``values``."""
        self._values = dict(values)

    def __getitem__(self, key: str) -> Any:
        """Return the value of ``key``."""
        value = self._values[key]
        return Properties(value) if isinstance(value, dict) else value

    def __getattr__(self, name: str) -> Any:
        """Return the value of ``name``."""
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            there = ", ".join(self) or "none"
            message = f"there is no property {name!r}; there are: {there}"
            raise AttributeError(message) from None

    def __iter__(self) -> Iterator[str]:
        """Go through the keys."""
        return iter(self._values)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        """Compare with another mapping."""
        if isinstance(other, Properties):
            return self._values == other._values
        return self._values == other

    __hash__ = None  # type: ignore[assignment]

    def __dir__(self) -> list[str]:
        """Name the keys beside the methods."""
        return [*super().__dir__(), *self._values]

    def __repr__(self) -> str:
        """Show the keys only: values may be secrets."""
        return f"<properties {', '.join(self)}>" if self else "<no properties>"


@dataclass(frozen=True)
class Entity:
    """A part of a resource, such as its DUT or its programmer.

    Its properties can be read as attributes: ``entity.socket`` is ``entity.properties["socket"]``.
    """

    name: str
    attributes: frozenset[str]
    properties: Properties

    @classmethod
    def of(cls, name: str, entity: Mapping[str, Any]) -> Entity:
        """Read it from JSON."""
        return cls(
            name=name,
            attributes=frozenset(entity.get("attributes", ())),
            properties=Properties(entity.get("properties") or {}),
        )

    def __hash__(self) -> int:
        """Hash the name and the attributes; properties need not be hashable."""
        return hash((self.name, self.attributes))

    def __getattr__(self, name: str) -> Any:
        """Return the property ``name``."""
        if name.startswith("_") or name == "properties":
            raise AttributeError(name)
        try:
            return self.properties[name]
        except KeyError:
            there = ", ".join(self.properties) or "none"
            message = f"the entity {self.name} has no property {name!r}; there are: {there}"
            raise AttributeError(message) from None


@dataclass(frozen=True)
class Resource:
    """A leased resource.

    An entity can be read as an attribute: ``bench.dut`` is ``bench.entities["dut"]``, and where no
    entity is called so, a property: ``phone.platform`` is ``phone.properties["platform"]``.

    Attributes:
        name: Its name in the inventory.
        location: Where it stands, if the inventory says so.
        attributes: What it is or can do.
        description: A text for people.
        endpoint: Where it is reached as a whole.
        properties: What else the holder of its lease may know.
        entities: Its parts, by name.
        pairing: For each entity that was asked for, in that order, the name of the one that serves
            it.

    """

    name: str
    location: str | None
    attributes: frozenset[str]
    description: str | None
    endpoint: str | None
    properties: Properties
    entities: Mapping[str, Entity]
    pairing: tuple[str, ...] = ()

    @classmethod
    def of(cls, resource: Mapping[str, Any]) -> Resource:
        """Read it from JSON."""
        entities = resource.get("entities") or {}
        return cls(
            name=str(resource["name"]),
            location=resource.get("location"),
            attributes=frozenset(resource.get("attributes", ())),
            description=resource.get("description"),
            endpoint=resource.get("endpoint"),
            properties=Properties(resource.get("properties") or {}),
            entities={name: Entity.of(name, entity) for name, entity in entities.items()},
            pairing=tuple(resource.get("pairing", ())),
        )

    def __hash__(self) -> int:
        """Hash the name, which is unique in a pool."""
        return hash(self.name)

    def __getattr__(self, name: str) -> Any:
        """Return the entity or the property ``name``."""
        if name.startswith("_") or name in {"entities", "properties"}:
            raise AttributeError(name)
        if name in self.entities:
            return self.entities[name]
        if name in self.properties:
            return self.properties[name]
        there = ", ".join([*self.entities, *self.properties]) or "none"
        message = f"{self.name} has no entity or property {name!r}; there are: {there}"
        raise AttributeError(message)
