"""A lease, for threads."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any

from respo.errors import Error, LeaseLost
from respo.instants import instant
from respo.lease_protocol import LeaseProtocol
from respo.lease_state import Grant, LeaseState, OnLost, OnNotice
from respo.lease_thread import LeaseThread, Transport

if TYPE_CHECKING:
    from types import TracebackType

    from respo.request import Request
    from respo.resources import Resource

logger = logging.getLogger("respo")


class Lease:
    """One request and, once it is granted, the exclusive use of its resources."""

    def __init__(
        self,
        transport: Transport,
        request: Request,
        timeout: float,
        on_notice: OnNotice | None,
        on_lost: OnLost | None,
    ) -> None:
        """Leases are made by :meth:`respo.Client.lease`."""
        self._request = request
        self._timeout = timeout
        self._transport = transport
        self._on_notice = on_notice
        self._on_lost = on_lost
        self._state: LeaseState | None = None
        self._thread: LeaseThread | None = None
        self._is_released = False

    def acquire(self) -> Lease:
        """Ask for the resources, wait for them, and return this lease."""
        if self._thread is not None:
            message = f"{self!r} is acquired already; make another one for another request"
            raise Error(message, code="acquired_twice")
        self._state = LeaseState(self._on_notice, self._ended)
        protocol = LeaseProtocol(
            self._request,
            self._state,
            timeout=self._timeout,
            can_repeat=self._transport.can_repeat,
        )
        self._thread = LeaseThread(self._request, protocol, self._transport, self._timeout)
        self._thread.start()
        try:
            self._state.wait()
        except BaseException:
            self.release()
            raise
        return self

    def release(self) -> None:
        """Give everything back; returns when respod has taken it. Does nothing the second time."""
        if self._thread is None or self._is_released:
            return
        self._is_released = True
        self._thread.stop()
        self._thread.join()

    def check(self) -> None:
        """Do nothing, as long as the lease is held; else raise LeaseLost."""
        self._held()

    @property
    def lost(self) -> bool:
        """Whether it has ended although nobody here released it."""
        return self._state is not None and self._state.error is not None

    @property
    def lost_reason(self) -> str | None:
        """Why it was lost, in one word of respod's protocol."""
        error = self._state.error if self._state else None
        return getattr(error, "reason", None)

    @property
    def id(self) -> int:
        """Its number."""
        return self._grant.id

    @property
    def fence(self) -> int:
        """A number that rises with every grant in the pool."""
        return self._grant.fence

    @property
    def pool(self) -> str:
        """The pool that it is from."""
        return self._grant.pool

    @property
    def token(self) -> str:
        """The secret that proves whose it is."""
        return self._grant.token

    @property
    def since(self) -> datetime:
        """When it was granted."""
        return instant(self._grant.since)

    @property
    def expires(self) -> datetime | None:
        """When it ends at the latest, if it has a maximum duration."""
        return instant(self._grant.expires) if self._grant.expires else None

    @property
    def resources(self) -> tuple[Resource, ...]:
        """Everything that is leased, in the order of the requirements."""
        return self._held().resources

    @property
    def by_requirement(self) -> tuple[tuple[Resource, ...], ...]:
        """The same, with a tuple for each requirement."""
        return self._held().by_requirement

    @property
    def resource(self) -> Resource:
        """The one resource."""
        resources = self.resources
        if len(resources) != 1:
            message = f"there are {len(resources)} resources in this lease; use .resources"
            raise Error(message, code="several_resources")
        return resources[0]

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        """Pass on to the one resource."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.resource, name)

    def __enter__(self) -> Lease:
        """Acquire it, unless that is done."""
        return self if self._thread is not None else self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Release it."""
        self.release()
        if kind is None and self._state is not None and self._state.error is not None:
            raise self._state.error from None

    def __repr__(self) -> str:
        """Show whose it is; no secrets."""
        grant = self._state.grant_ if self._state else None
        if grant is None:
            return f"<respo.Lease of {self._request.summary}, not acquired>"
        state = "lost" if self.lost else "released" if self._is_released else "held"
        return f"<respo.Lease {grant.id} of {', '.join(grant.names)}, {state}>"

    @property
    def _grant(self) -> Grant:
        grant = self._state.grant_ if self._state else None
        if grant is None:
            message = f"{self!r}: enter it with 'with', or call acquire()"
            raise Error(message, code="not_acquired")
        return grant

    def _held(self) -> Grant:
        grant = self._grant
        if self._state is not None and self._state.error is not None:
            raise self._state.error from None
        if self._is_released:
            message = f"lease {grant.id} is released; {', '.join(grant.names)} may be another's by now"
            raise Error(message, code="released")
        return grant

    def _ended(self) -> None:
        error = self._state.error if self._state else None
        if self._on_lost is not None and isinstance(error, LeaseLost):
            try:
                self._on_lost(error)
            except Exception:
                logger.exception("on_lost failed")
