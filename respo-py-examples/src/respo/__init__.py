"""Leases test benches, boards, phones and licences from respod."""

from __future__ import annotations

from respo.async_client import AsyncClient, AsyncEventStream, async_acquire, async_lease
from respo.async_lease import AsyncLease
from respo.candidates import Candidate, Occupant
from respo.client import Client
from respo.default_client import acquire, lease
from respo.errors import Busy, Error, Invalid, LeaseLost, NoSuch, Restarting, Unavailable
from respo.event_stream import EventStream
from respo.lease import Lease
from respo.notices import Away, Draining, Ended, Granted, Notice, Queued, Resumed
from respo.overview import (
    Event,
    HeldLease,
    PoolStatus,
    ResourceState,
    Stack,
    Status,
    WaitingRequest,
)
from respo.requirement import Requirement
from respo.resources import Entity, Properties, Resource

__all__ = [
    "AsyncClient",
    "AsyncEventStream",
    "AsyncLease",
    "Away",
    "Busy",
    "Candidate",
    "Client",
    "Draining",
    "Ended",
    "Entity",
    "Error",
    "Event",
    "EventStream",
    "Granted",
    "HeldLease",
    "Invalid",
    "Lease",
    "LeaseLost",
    "NoSuch",
    "Notice",
    "Occupant",
    "PoolStatus",
    "Properties",
    "Queued",
    "Requirement",
    "Resource",
    "ResourceState",
    "Restarting",
    "Resumed",
    "Stack",
    "Status",
    "Unavailable",
    "WaitingRequest",
    "acquire",
    "async_acquire",
    "async_lease",
    "lease",
]
