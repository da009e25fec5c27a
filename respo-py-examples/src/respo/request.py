"""A request, as respod's JSON has it."""

from __future__ import annotations

import getpass
import os
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Union

from respo.errors import Invalid
from respo.instants import Duration, duration_text
from respo.options import NEEDS
from respo.requirement import Requirement

Wanted = Union[str, Requirement, Mapping[str, Any]]
"""One requirement: as text, as an object, or as respod's JSON has it."""


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

    """
    requirements = _requirements(wanted, {key: options[key] for key in NEEDS if key in options})
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
    return Request(body, options.get("pool") or os.environ.get("RESPO_POOL"))


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


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "": 1.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhd]|$)")


def _seconds_of_text(text: str) -> float:
    parts = _PART.findall(text)
    is_all = "".join(number + unit for number, unit in parts) == text.strip()
    return sum(float(number) * _UNITS[unit] for number, unit in parts) if is_all else 0.0
