"""The lists of a broker, from respod's inventory and its lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from respo.ave.block_yaml import read
from respo.ave.matching import selection_of
from respo.ave.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import respo

__all__ = ["Listing"]

_ALLOCATED = ("leased", "orphaned", "retired")


class Listing:
    """How things stand with the equipment: the resources that have a property ``type``.

    Profiles have what the inventory says, which is for administrators where respod has an
    administrator's token. Who has what is for everyone.
    """

    def __init__(self, client: respo.Client, pool: str | None) -> None:
        """``pool``: of this one; otherwise of all."""
        self._client = client
        self._pool = pool

    def equipment(self, profile: Mapping[str, Any] | None, *states: str) -> list[Profile]:
        """Return what has this profile and is in one of these states; in any if none is named."""
        found = self._client.list(**selection_of(profile), state=states or None, pool=self._pool)
        profiles = self._profiles()
        keys = [(one.pool, one.name) for one in found]
        # What was taken out of the inventory meanwhile is not equipment any more.
        return [profiles[key] for key in keys if key in profiles]

    def allocated(self) -> list[Profile]:
        """Return what any client has."""
        return self.equipment(None, *_ALLOCATED)

    def stacks(self) -> list[list[Profile]]:
        """Return the stacks, each as a list of what identifies its members."""
        profiles = self._profiles()
        return [
            [profiles[pool, name].minimal() for name in members if (pool, name) in profiles]
            for pool, members in self._members()
        ]

    def stack_mates(self, held: Iterable[tuple[str, str]]) -> list[Profile]:
        """Return what is in a stack with something of ``held`` and not in it itself."""
        held = set(held)
        mates: dict[tuple[str, str], None] = {}
        for pool, members in self._members():
            keys = [(pool, name) for name in members]
            if not held.isdisjoint(keys):
                mates.update(dict.fromkeys(key for key in keys if key not in held))
        if not mates:
            return []
        profiles = self._profiles()
        return [profiles[key].minimal() for key in mates if key in profiles]

    def _members(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(one.pool, one.members) for one in self._client.stacks(pool=self._pool)]

    def _profiles(self) -> dict[tuple[str, str], Profile]:
        """Return the profile of each piece of equipment, by pool and name."""
        document = read(self._client.inventory(pool=self._pool))
        pools = document["pools"] if "pools" in document else [document["pool"]]
        return {
            (str(pool["name"]), name): Profile(resource["properties"])
            for pool in pools
            for name, resource in (pool.get("resources") or {}).items()
            if "type" in ((resource or {}).get("properties") or {})
        }
