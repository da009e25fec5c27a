"""The keyword arguments of everything that leases or lists, for type checkers and editors.

:meth:`respo.Client.lease` explains each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable, TypedDict

from respo.errors import LeaseLost
from respo.instants import Duration
from respo.notices import Notice
from respo.requirement import EntityPattern, Words


class Selection(TypedDict, total=False):
    """What a resource must look like."""

    resource: Words | None
    location: str | None
    attributes: Words
    entities: EntityPattern
    properties: Mapping[str, Any] | None
    where: str | None


class Needs(Selection, total=False):
    """One requirement."""

    count: int
    keys: Words | None
    stack: str | None


class Terms(TypedDict, total=False):
    """How a request is to be served."""

    priority: int
    description: str | None
    name: str | None
    tags: Mapping[str, str] | None
    wait: Duration | None
    linger: Duration | None
    max_duration: Duration | None
    pool: str | None


class Watching(TypedDict, total=False):
    """Who is told what becomes of it."""

    on_notice: Callable[[Notice], Any] | None
    on_lost: Callable[[LeaseLost], Any] | None
    interrupt: bool


class LeaseOptions(Needs, Terms, Watching, total=False):
    """Everything that a lease takes."""


@dataclass(frozen=True)
class Watch:
    """Who is told what becomes of a request, and whether a loss is raised in its block."""

    on_notice: Callable[[Notice], Any] | None = None
    on_lost: Callable[[LeaseLost], Any] | None = None
    interrupt: bool = True


SELECTION = tuple(Selection.__annotations__)
NEEDS = (*SELECTION, "count", "keys", "stack")
TERMS = tuple(Terms.__annotations__)
WATCHING = tuple(Watching.__annotations__)


def watch_of(options: Mapping[str, Any]) -> Watch:
    """Return who is told what, as the keywords say it."""
    return Watch(**{key: options[key] for key in WATCHING if key in options})


def check_names(options: Mapping[str, Any], *known: str) -> None:
    """Check that there are no other keywords than these.

    Raises:
        TypeError: If there are, as for every call.

    """
    odd = sorted(set(options) - set(known))
    if odd:
        message = f"there is no argument {odd[0]!r}; there are {', '.join(known)}"
        raise TypeError(message)
