"""Equipment as a client gets it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from respo.ave.profile import Profile

if TYPE_CHECKING:
    import respo

__all__ = ["Equipment"]


class Equipment:
    """A leased handset, relay or whatever the inventory has.

    Attributes:
        profile: What it is: the properties that the inventory has of it.
        resource: The same as :mod:`respo` has it, with ``name``, ``location``, ``endpoint`` and
            ``entities``.
        lease: The lease that it is of: ``lease.fence``, ``lease.lost``, ``lease.check()``. Give it
            back with
            :meth:`respo.ave.Broker.yield_resources`.

    """

    def __init__(self, resource: respo.Resource, lease: respo.Lease) -> None:
        """Wrap what was leased."""
        self.resource = resource
        self.lease = lease
        self.profile = Profile(_plain(resource.properties))

    def get_profile(self) -> Profile:
        """Return the profile."""
        return self.profile

    def __getattr__(self, name: str) -> NoReturn:
        """Say why AVE's methods are not there.

        Raises:
            AttributeError: Always.

        """
        message = (
            f"{type(self).__name__} has no attribute {name!r}: respo says who may use a piece of "
            "equipment, and leaves it to other libraries to drive it, by what is in its profile"
        )
        raise AttributeError(message)

    def __repr__(self) -> str:
        """Show which one it is; the rest of a profile may be secret."""
        return f"<{self.profile.get('type', 'equipment')} {self.resource.name}>"


def _plain(value: Any) -> Any:
    """Return a property with dicts in place of what reads like attributes."""
    if isinstance(value, Mapping):
        return {key: _plain(value[key]) for key in value}
    return value
