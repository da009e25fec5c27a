"""What respod shows to everybody: resources, what is held, what waits, and what happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from respo.candidates import Candidate, Occupant
from respo.instants import instant


@dataclass(frozen=True)
class ResourceState:
    """A resource and how it stands; without properties, which only the holder of its lease sees.

    Attributes:
        pool: The pool that it is in.
        name: Its name.
        state: ``free``, ``leased``, ``orphaned``, ``retired``, ``held_back`` or ``collateral``.
        location: Where it is, if the inventory says so.
        attributes: What it is or can do.
        description: A text for people.
        entities: The attributes of its parts, by name.
        lease: Who has it, if somebody has.
        queue: How many requests wait that it would do for.

    """

    pool: str
    name: str
    state: str
    location: str | None
    attributes: frozenset[str]
    description: str | None
    entities: Mapping[str, frozenset[str]]
    lease: Occupant | None
    queue: int

    @classmethod
    def of(cls, resource: Mapping[str, Any], pool: str | None = None) -> ResourceState:
        """Read it from JSON."""
        lease = resource.get("lease")
        entities = resource.get("entities") or {}
        return cls(
            pool=str(resource.get("pool", pool)),
            name=str(resource["name"]),
            state=str(resource["state"]),
            location=resource.get("location"),
            attributes=frozenset(resource.get("attributes", ())),
            description=resource.get("description"),
            entities={
                name: frozenset(entity.get("attributes", ())) for name, entity in entities.items()
            },
            lease=Occupant.of(lease) if lease else None,
            queue=int(resource.get("queue", 0)),
        )

    def __hash__(self) -> int:
        """Hash what identifies it."""
        return hash((self.pool, self.name, self.state))


@dataclass(frozen=True)
class WaitingRequest:
    """A request that waits.

    Attributes:
        pool: The pool that it is for.
        id: Its number; the lease will have the same.
        position: Its place among those that could take one of the same resources; 1 is next.
        of: How many of these wait in all.
        priority: Higher goes first.
        holder: Who asks.
        description: What for.
        since: Since when.
        requirements: What is asked for, as text.
        held_back: What is kept for it.
        limit: The limit of the pool that its holder has reached, if that is why it waits.

    """

    pool: str
    id: int
    position: int
    of: int
    priority: int
    holder: str | None
    description: str | None
    since: datetime
    requirements: tuple[str, ...]
    held_back: tuple[str, ...]
    limit: str | None

    @classmethod
    def of_json(cls, request: Mapping[str, Any], pool: str | None = None) -> WaitingRequest:
        """Read it from JSON."""
        return cls(
            pool=str(request.get("pool", pool)),
            id=int(request["id"]),
            position=int(request["position"]),
            of=int(request["of"]),
            priority=int(request.get("priority", 0)),
            holder=request.get("holder"),
            description=request.get("description"),
            since=instant(request["since"]),
            requirements=tuple(request.get("requirements", ())),
            held_back=tuple(request.get("held_back", ())),
            limit=request.get("limit"),
        )


@dataclass(frozen=True)
class HeldLease:
    """A lease as everybody may see it, with the names of what it is of by requirement."""

    pool: str
    id: int
    fence: int
    holder: str | None
    description: str | None
    since: datetime
    expires: datetime | None
    by_requirement: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, lease: Mapping[str, Any]) -> HeldLease:
        """Read it from JSON."""
        occupant = Occupant.of(lease)
        return cls(
            pool=str(lease["pool"]),
            id=occupant.id,
            fence=occupant.fence,
            holder=occupant.holder,
            description=occupant.description,
            since=occupant.since,
            expires=occupant.expires,
            by_requirement=tuple(tuple(group) for group in lease["resources"]),
        )

    @property
    def resources(self) -> tuple[str, ...]:
        """The names of all, in order."""
        return tuple(name for group in self.by_requirement for name in group)


@dataclass(frozen=True)
class Stack:
    """Resources that are wired together."""

    pool: str
    members: tuple[str, ...]

    @classmethod
    def of(cls, stack: Mapping[str, Any]) -> Stack:
        """Read it from JSON."""
        return cls(pool=str(stack["pool"]), members=tuple(stack["members"]))


@dataclass(frozen=True)
class PoolStatus:
    """A pool: its resources, what waits for them, and the revision of its inventory."""

    name: str
    revision: int
    resources: tuple[ResourceState, ...]
    waiting: tuple[WaitingRequest, ...]

    @classmethod
    def of(cls, pool: Mapping[str, Any]) -> PoolStatus:
        """Read it from JSON."""
        name = str(pool["name"])
        return cls(
            name=name,
            revision=int(pool.get("revision", 0)),
            resources=tuple(ResourceState.of(one, name) for one in pool["resources"]),
            waiting=tuple(WaitingRequest.of_json(one, name) for one in pool["waiting"]),
        )


@dataclass(frozen=True)
class Status:
    """Everything at a glance. ``time`` is respod's."""

    version: str
    time: datetime
    pools: tuple[PoolStatus, ...]

    @classmethod
    def of(cls, status: Mapping[str, Any]) -> Status:
        """Read it from JSON."""
        return cls(
            version=str(status["version"]),
            time=instant(status["time"]),
            pools=tuple(PoolStatus.of(one) for one in status["pools"]),
        )


@dataclass(frozen=True)
class Event:
    """Something that happened in a pool.

    Attributes:
        id: What to say as ``after`` to hear what happens next.
        time: When, by respod's clock; ``None`` for ``missed``.
        pool: Where.
        what: ``queued``, ``granted``, ``withdrawn``, ``ended``, ``partly_released``, ``extended``,
            ``transferred``, ``allowed``, ``disallowed``, ``orphaned``, ``resumed`` or
            ``inventory``. ``missed``: some of what happened cannot be told any more; read the
            lists again.
        lease: The number of the request or lease that it is about.
        holder: Whose that is.
        reason: Why it ended, where it did.
        data: All of it, as respod tells it.

    """

    id: str
    time: datetime | None
    pool: str
    what: str
    lease: int | None
    holder: str | None
    reason: str | None
    data: Mapping[str, Any]

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Event:
        """Read it from JSON."""
        number = event.get("lease", event.get("request"))
        return cls(
            id=str(event.get("id", "")),
            time=instant(event["time"]) if event.get("time") else None,
            pool=str(event.get("pool", "")),
            what=str(event["what"]),
            lease=None if number is None else int(number),
            holder=event.get("holder"),
            reason=event.get("reason"),
            data=dict(event),
        )

    def __hash__(self) -> int:
        """Hash what identifies it."""
        return hash((self.id, self.what))


__all__ = [
    "Candidate",
    "Event",
    "HeldLease",
    "PoolStatus",
    "ResourceState",
    "Stack",
    "Status",
    "WaitingRequest",
]
