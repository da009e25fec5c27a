"""What all transports have in common: a stream of messages about one request."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Message = Mapping[str, Any]
"""What respod says: one JSON object with ``event``."""


@dataclass(frozen=True)
class Pace:
    """How long a server that says nothing is waited for, in seconds.

    A server gives away what a client held when it has heard nothing of it for a while. All of these
    together are shorter than that, so a client stops before anybody else can begin.

    Attributes:
        limit: The longest silence; after that the connection counts as broken.
        last_attempt: How long an attempt to come back may take that begins when there is no time
            left.
        second_look: How long to look once more, after a silence, for what came while this process
            was stopped.

    """

    limit: float
    last_attempt: float
    second_look: float = 0.0


class Broken(Exception):
    """A connection ended, or said nothing for too long; ``str()`` says how."""


class Stream(Protocol):
    """What is told of one request, over one connection."""

    @property
    def pace(self) -> Pace:
        """How long the server may be silent."""

    @property
    def last_sign(self) -> float:
        """When there was the last sign of it, on the clock of :func:`time.monotonic`."""


def closed() -> Broken:
    """Return what an end of the connection is."""
    return Broken("respod closed the connection")


def silent(seconds: float) -> Broken:
    """Return what a long silence is."""
    return Broken(f"respod said nothing for {seconds:g} s")


def now() -> float:
    """Return the time that everything here is measured in: seconds that never go back."""
    return time.monotonic()
