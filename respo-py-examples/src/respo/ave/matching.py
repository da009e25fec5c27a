"""What AVE's profiles ask for, as respo's requirements."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Union

from respo import Requirement
from respo.ave.exceptions import AveException
from respo.options import Selection

__all__ = ["Group", "ProfileOrGroup", "groups_of", "requirement_of", "selection_of"]

ProfileOrGroup = Union[Mapping[str, Any], "tuple[Mapping[str, Any], ...]"]
"""A profile, or a group of profiles that must come from one stack."""

_POWER_STATES = {"handset": "boot_completed", "relay": "online"}
"""Without ``power_state``, AVE gives out only what is in this one."""


@dataclass(frozen=True)
class Group:
    """Profiles that must come from one stack. Workspaces are in no stack, and go with any."""

    profiles: tuple[Mapping[str, Any], ...]
    label: str | None
    """The label of the stack, if there is more than one piece of equipment to come from it."""


def groups_of(wanted: tuple[ProfileOrGroup, ...]) -> list[Group]:
    """Group profiles as AVE does.

    Without a tuple among them, all profiles are one group. With one, each tuple is a group, and so
    is each profile beside the tuples.

    Raises:
        AveException: If something is neither a profile nor a group of profiles, or a profile has no
            type.

    """
    if not wanted:
        message = "nothing to get; name a profile, such as {'type': 'handset'}"
        raise AveException(message)
    grouped: list[tuple[object, ...]]
    if any(isinstance(one, (tuple, list)) for one in wanted):
        grouped = [tuple(one) if isinstance(one, (tuple, list)) else (one,) for one in wanted]
    else:
        grouped = [wanted]
    groups = []
    for number, profiles in enumerate(grouped, start=1):
        checked = tuple(_checked(profile) for profile in profiles)
        if not checked:
            message = "an empty group; put profiles into the tuple, or leave it out"
            raise AveException(message)
        stacked = [profile for profile in checked if profile["type"] != "workspace"]
        groups.append(Group(checked, f"group-{number}" if len(stacked) > 1 else None))
    return groups


def requirement_of(profile: Mapping[str, Any], stack: str | None = None) -> Requirement:
    """Return the requirement of one piece of equipment that may be given out.

    A handset or a relay for which no ``power_state`` is asked must be switched on, unless the
    inventory does not say whether it is.
    """
    properties, conditions = _asked(profile)
    usual = _POWER_STATES.get(str(profile["type"]))
    if usual and "power_state" not in profile:
        conditions.append(
            f'!("power_state" in properties) || properties.power_state == {_literal(usual)}'
        )
    return Requirement(properties=properties, where=_all_of(conditions), stack=stack)


def selection_of(profile: Mapping[str, Any] | None) -> Selection:
    """Return the keywords of :meth:`respo.Client.list` for equipment that has this profile.

    Nothing is all that has a type.
    """
    properties, conditions = _asked(profile or {})
    return {
        "properties": properties,
        "where": _all_of([*conditions, '"type" in properties']),
    }


def _checked(profile: object) -> Mapping[str, Any]:
    if not isinstance(profile, Mapping):
        message = f"a profile is a dict, and a group a tuple of them, not {profile!r}"
        raise AveException(message)
    if "type" not in profile:
        message = f'profile "type" field is missing: {dict(profile)}'
        raise AveException(message)
    return profile


def _asked(profile: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return what is asked of properties, as these and as conditions."""
    properties: dict[str, Any] = {}
    conditions: list[str] = []
    for key, value in profile.items():
        if key == "circuits" and isinstance(value, (list, tuple)):
            # AVE keeps them as a map from the circuits' names to their numbers.
            conditions.extend(f"{_literal(circuit)} in properties.circuits" for circuit in value)
        else:
            properties[str(key)] = list(value) if isinstance(value, tuple) else value
    return properties, conditions


def _literal(value: object) -> str:
    """Return a text as the expression language has it, which is as JSON does."""
    return json.dumps(str(value), ensure_ascii=False)


def _all_of(conditions: list[str]) -> str | None:
    return " && ".join(f"({condition})" for condition in conditions) or None
