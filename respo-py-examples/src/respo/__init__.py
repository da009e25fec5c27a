"""Leases test benches, boards, phones and licences from respod."""

from __future__ import annotations

from typing import Any

from respo.candidates import Candidate, Occupant
from respo.client import Client
from respo.errors import Busy, Error, Invalid, LeaseLost, NoSuch, Restarting, Unavailable
from respo.lease import Lease
from respo.notices import Away, Draining, Ended, Granted, Notice, Queued, Resumed
from respo.request import Wanted
from respo.requirement import Requirement
from respo.resources import Entity, Properties, Resource

__all__ = [
    "Away",
    "Busy",
    "Candidate",
    "Client",
    "Draining",
    "Ended",
    "Entity",
    "Error",
    "Granted",
    "Invalid",
    "Lease",
    "LeaseLost",
    "NoSuch",
    "Notice",
    "Occupant",
    "Properties",
    "Queued",
    "Requirement",
    "Resource",
    "Restarting",
    "Resumed",
    "Unavailable",
    "acquire",
    "lease",
]


def lease(*requirements: Wanted, **options: Any) -> Lease:  # noqa: ANN401
    """Return a lease from the respod that ``RESPO_URL`` names, for a ``with`` block."""
    return Client().lease(*requirements, **options)


def acquire(*requirements: Wanted, **options: Any) -> Lease:  # noqa: ANN401
    """Return a lease that is held."""
    return Client().acquire(*requirements, **options)
