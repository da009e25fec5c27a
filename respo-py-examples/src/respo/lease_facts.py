"""What a lease says of itself: the same for threads and for asyncio."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

from respo.errors import Error, LeaseLost
from respo.instants import instant
from respo.resources import Resource

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from respo.request import Request


class Grant:
    """What respod has granted."""

    __slots__ = ("by_requirement", "expires", "fence", "id", "pool", "resources", "since", "token")

    def __init__(self, lease: Mapping[str, Any]) -> None:
        """Read it from JSON."""
        self.id = int(lease["id"])
        self.fence = int(lease["fence"])
        self.pool = str(lease["pool"])
        self.token = str(lease["token"])
        self.since = instant(lease["since"])
        self.expires = instant(lease["expires"]) if lease.get("expires") else None
        self.by_requirement = tuple(
            tuple(Resource.of(one) for one in group) for group in lease["resources"]
        )
        self.resources = tuple(one for group in self.by_requirement for one in group)


class State(Protocol):
    """How things stand with a request."""

    granted: Grant | None
    error: Error | None


class Runner(Protocol):
    """What follows the request."""

    is_stopping: bool


class LeaseFacts:
    """The facts of a lease, which is held, or was.

    The number, the fence and the names stay known when the lease is over; what it gave access to
    does not.
    """

    def __init__(self, request: Request) -> None:
        """Begin with what is asked for."""
        self._request = request
        self._state: State | None = None
        self._runner: Runner | None = None
        self._process_id = os.getpid()

    @property
    def id(self) -> int:
        """Its number in the pool."""
        return self._known().id

    @property
    def fence(self) -> int:
        """A number that rises with every grant in the pool: a device can refuse a smaller one."""
        return self._known().fence

    @property
    def pool(self) -> str:
        """The pool that it is from."""
        return self._known().pool

    @property
    def token(self) -> str:
        """The secret that proves whose it is: whoever has it can release the lease."""
        return self._known().token

    @property
    def since(self) -> datetime:
        """When it was granted, by respod's clock."""
        return self._known().since

    @property
    def expires(self) -> datetime | None:
        """When it ends at the latest, by respod's clock; ``None`` if it has no maximum duration."""
        return self._known().expires

    @property
    def names(self) -> tuple[str, ...]:
        """The names of what is or was leased, in the order of the requirements."""
        return tuple(one.name for one in self._known().resources)

    @property
    def resource(self) -> Resource:
        """The one resource of the lease.

        Raises:
            LeaseLost: If it is not held any more.
            Error: If it is of several, or is not acquired, or was released.

        """
        resources = self._held().resources
        if len(resources) != 1:
            message = f"lease {self.id} is of {len(resources)} resources; use .resources"
            raise Error(message, code="several_resources")
        return resources[0]

    @property
    def resources(self) -> tuple[Resource, ...]:
        """Everything that is leased, in the order of the requirements."""
        return self._held().resources

    @property
    def by_requirement(self) -> tuple[tuple[Resource, ...], ...]:
        """The same, with a tuple for each requirement."""
        return self._held().by_requirement

    def __getattr__(self, name: str) -> Any:
        """Pass on to the one resource: ``lease.dut`` is ``lease.resource.dut``."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.resource, name)

    @property
    def lost(self) -> bool:
        """Whether it is not held any more although nobody here released it."""
        return self._loss() is not None

    @property
    def lost_reason(self) -> str | None:
        """Why it was lost, in one word such as ``revoked``; ``None`` if it was not."""
        loss = self._loss()
        return None if loss is None else loss.reason

    def check(self) -> None:
        """Do nothing if the lease is held.

        Raises:
            LeaseLost: If it was lost.
            Error: If it is not acquired yet, or was released.

        """
        self._held()

    def __repr__(self) -> str:
        """Show what it is of, and how things stand; no secrets."""
        if self._granted is None:
            return f"<respo.{type(self).__name__} of {self._request.summary}, not acquired>"
        state = "lost" if self.lost else "released" if self._is_released else "held"
        names = ", ".join(self.names)
        return f"<respo.{type(self).__name__} {self.id} of {names}, {state}>"

    @property
    def _granted(self) -> Grant | None:
        return self._state.granted if self._state is not None else None

    @property
    def _is_released(self) -> bool:
        return self._runner is not None and self._runner.is_stopping

    @property
    def _is_forked(self) -> bool:
        return self._granted is not None and self._process_id != os.getpid()

    def _loss(self) -> LeaseLost | None:
        if self._is_forked:
            message = (
                f"lease {self.id} is held by the process {self._process_id}, not by this fork of it"
            )
            return LeaseLost(message, reason="forked")
        error = self._state.error if self._state is not None else None
        return error if self._granted is not None and isinstance(error, LeaseLost) else None

    def _known(self) -> Grant:
        granted = self._granted
        if granted is None:
            message = f"{self!r}: enter it with 'with', or call acquire()"
            raise Error(message, code="not_acquired")
        return granted

    def _held(self) -> Grant:
        granted = self._known()
        loss = self._loss()
        if loss is not None:
            raise loss.with_traceback(None) from None
        if self._is_released:
            message = (
                f"lease {self.id} is released: {', '.join(self.names)} may be another's by now"
            )
            raise Error(message, code="released")
        return granted
