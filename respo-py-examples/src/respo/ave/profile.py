"""Profiles: what a piece of equipment is, as a mapping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from respo.ave.exceptions import AveException

__all__ = ["Profile", "identity_of"]

_HANDSET_KEYS = ("serial", "imei", "uid")
_OTHER_KEYS = ("uid", "serial", "imei")


class Profile(dict[str, Any]):
    """A mapping from AVE's keys to values, such as ``{"type": "handset", "serial": "CB5A1JYXRQ"}``.

    Two profiles are equal if they are of the same piece of equipment: of the same type, with the
    same ``serial``, ``imei`` or ``uid``, whatever else they say. So a profile can be looked for in
    a list, or be the key of a mapping.

    >>> stacked = Profile({"type": "relay", "uid": "a"})
    >>> Profile({"type": "relay", "uid": "a", "power_state": "online"}) == stacked
    True
    """

    def __eq__(self, other: object) -> bool:
        """Whether it is the same piece of equipment."""
        if not isinstance(other, Mapping):
            return NotImplemented
        identity = identity_of(self)
        return identity is not None and identity == identity_of(other)

    def __ne__(self, other: object) -> bool:
        """Whether it is another piece of equipment."""
        return not self == other

    def __hash__(self) -> int:  # type: ignore[override]
        """Hash what identifies it.

        Raises:
            AveException: If nothing does.

        """
        identity = identity_of(self)
        if identity is None:
            message = f"the profile has no type, or no serial, imei or uid: {dict(self)}"
            raise AveException(message)
        return hash(identity)

    def minimal(self) -> Profile:
        """Return what a stack says of it: its type, and what identifies it."""
        identity = identity_of(self)
        if identity is None:
            return self
        return Profile({"type": identity[0], identity[1]: self[identity[1]]})


def identity_of(profile: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """Return the type, the key that identifies, and its value; or nothing if one is missing."""
    kind = profile.get("type")
    for key in _HANDSET_KEYS if kind == "handset" else _OTHER_KEYS:
        if kind is not None and profile.get(key) is not None:
            return str(kind), key, str(profile[key])
    return None
