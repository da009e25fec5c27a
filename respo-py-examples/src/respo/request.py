"""A request, as respod's JSON has it."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypedDict, Union

from respo.errors import Invalid
from respo.instants import Duration, duration_text
from respo.requirement import EntityPattern, Requirement, Words

Wanted = Union[str, Requirement, Mapping[str, Any]]
"""One requirement: as text, as an object, or as respod's JSON has it."""


class Selection(TypedDict, total=False):
    """The keywords that say what a resource must look like; :class:`respo.Requirement` explains each."""

    resource: Words
    location: str | None
    attributes: Words
    entities: EntityPattern
    properties: Mapping[str, Any] | None
    where: str | None


class Needs(Selection, total=False):
    """The keywords that make one requirement."""

    count: int
    keys: Words
    stack: str | None


class Terms(TypedDict, total=False):
    """The keywords that say how a request is to be served; :meth:`respo.Client.lease` explains each."""

    priority: int
    description: str | None
    name: str | None
    tags: Mapping[str, str] | None
    wait: Duration | None
    linger: Duration | None
    max_duration: Duration | None
    pool: str | None


_NEEDS = (*Selection.__annotations__, "count", "keys", "stack")
_TERMS = tuple(Terms.__annotations__)


@dataclass(frozen=True)
class Request:
    """What respod is asked for."""

    body: Mapping[str, Any]
    pool: str | None

    @property
    def summary(self) -> str:
        """The requirements as text."""
        return ", ".join(str(Requirement.of(one)) for one in self.body["requirements"])


def request_of(
    wanted: Sequence[Wanted], options: Mapping[str, Any], holder: str | None = None
) -> Request:
    """Return the request that the arguments of :meth:`respo.Client.lease` make.

    Raises:
        Invalid: If they contradict each other, or say nothing.
        TypeError: If there is no such keyword.

    """
    odd = sorted(set(options) - {*_NEEDS, *_TERMS})
    if odd:
        message = f"lease() has no argument {odd[0]!r}; it has {', '.join((*_NEEDS, *_TERMS))}"
        raise TypeError(message)
    requirements = _requirements(wanted, {key: options[key] for key in _NEEDS if key in options})
    body: dict[str, Any] = {"requirements": [one.to_json() for one in requirements]}
    for key in ("priority", "description"):
        if options.get(key):
            body[key] = options[key]
    body["name"] = options.get("name") or holder or default_holder()
    if options.get("tags"):
        body["tags"] = {str(key): str(value) for key, value in options["tags"].items()}
    for key in ("wait", "linger", "max_duration"):
        if options.get(key) is not None:
            body[key] = duration_text(options[key])
    return Request(body, options.get("pool"))


def _requirements(wanted: Sequence[Wanted], needs: Mapping[str, Any]) -> list[Requirement]:
    requirements = [Requirement.of(one) for one in wanted]
    if needs:
        further = Requirement(**needs)
        if len(wanted) == 1 and isinstance(wanted[0], str):
            return [requirements[0].narrowed(further)]
        requirements.append(further)
    if not requirements:
        message = "nothing is asked for; any one resource is count=1"
        raise Invalid(message)
    return requirements


def default_holder() -> str:
    """Return who asks where nobody said: ``RESPO_NAME``, or the user at this machine."""
    if os.environ.get("RESPO_NAME"):
        return os.environ["RESPO_NAME"]
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):  # in a container, the user often has a number only
        user = f"uid-{os.getuid()}"
    return f"{user}@{socket.gethostname()}"[:128]


def seconds_of(duration: Duration | None) -> float:
    """Return a duration in seconds; 0 if it is none, or nothing that respod would take.

    >>> seconds_of("1h30m"), seconds_of("500ms"), seconds_of(2), seconds_of(None)
    (5400.0, 0.5, 2.0, 0.0)
    """
    if duration is None:
        return 0.0
    if isinstance(duration, timedelta):
        return duration.total_seconds()
    if not isinstance(duration, str):
        return float(duration)
    return _seconds_of_text(duration)


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _seconds_of_text(text: str) -> float:
    total, number, rest = 0.0, "", text.strip()
    while rest:
        if rest[0] in "0123456789.":
            number, rest = number + rest[0], rest[1:]
            continue
        unit = "ms" if rest.startswith("ms") else rest[0]
        if unit not in _UNITS or not number:
            return 0.0
        total, number, rest = total + float(number) * _UNITS[unit], "", rest[len(unit) :]
    return total + float(number or 0)
