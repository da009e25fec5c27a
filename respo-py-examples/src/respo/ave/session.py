"""What one client has: the leases and workspaces behind one broker object."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Union

from respo.ave.equipment import Equipment
from respo.ave.exceptions import NoSuch, SessionClosed
from respo.ave.profile import Profile, identity_of
from respo.ave.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import respo

__all__ = ["Allocated", "Session"]

Allocated = Union[Equipment, Workspace]


@dataclass
class _Held:
    """A lease, and what of it has not been yielded yet."""

    lease: respo.Lease
    names: set[str] = field(default_factory=set)


class Session:
    """The books of one client.

    They know nothing of the broker object, so that this can be collected.
    """

    def __init__(self, client: respo.Client) -> None:
        """``client`` is closed with the session."""
        self.lock = threading.RLock()
        self.allocated: list[Allocated] = []
        self._client = client
        self._held: list[_Held] = []
        self._closed_why: str | None = None
        self._process = os.getpid()

    def check_open(self) -> None:
        """Make sure that allocations may go on.

        Raises:
            SessionClosed: If an allocation failed before, or the broker was closed.

        """
        if self._closed_why is not None:
            message = f"session closed: {self._closed_why}; start over with a new broker"
            raise SessionClosed(message)

    def add(self, lease: respo.Lease, allocated: Sequence[Allocated]) -> None:
        """Take note of what a request was granted."""
        self._held.append(_Held(lease, {resource.name for resource in lease.resources}))
        self.allocated.extend(allocated)

    def add_workspace(self, workspace: Workspace) -> None:
        """Take note of a new workspace."""
        self.allocated.append(workspace)

    def present(self) -> list[Allocated]:
        """Return what the client has, without what was lost."""
        return [
            one for one in self.allocated if not (isinstance(one, Equipment) and one.lease.lost)
        ]

    def names(self) -> set[tuple[str, str]]:
        """Return pool and name of each resource that the client has."""
        return {
            (one.lease.pool, one.resource.name)
            for one in self.present()
            if isinstance(one, Equipment)
        }

    def workspace(self, uid: str) -> Workspace | None:
        """Return the client's workspace of this uid."""
        for one in self.allocated:
            if isinstance(one, Workspace) and one.profile["uid"] == uid:
                return one
        return None

    def find(self, wanted: Allocated | Mapping[str, Any]) -> Allocated:
        """Return what the client has that is meant.

        Raises:
            NoSuch: If it has no such thing.

        """
        for one in self.present():
            same = one is wanted
            if not isinstance(wanted, (Equipment, Workspace)):
                identity = identity_of(wanted)
                same = identity is not None and identity == identity_of(one.profile)
            if same:
                return one
        shown = wanted if isinstance(wanted, (Equipment, Workspace)) else Profile(wanted).minimal()
        message = f"no such resource: the client does not have {shown}, or not any more"
        raise NoSuch(message)

    def give_back(self, yielded: Sequence[Allocated]) -> None:
        """Give some of it back, each lease as a whole or in part."""
        for held in list(self._held):
            names = {
                one.resource.name
                for one in yielded
                if isinstance(one, Equipment) and one.lease is held.lease
            }
            if not names:
                continue
            if names >= held.names:
                held.lease.release()
                self._held.remove(held)
            else:
                self._release_part(held.lease, names)
                held.names -= names
        for one in yielded:
            if isinstance(one, Workspace):
                one.delete()
            self.allocated.remove(one)

    def close(self, why: str) -> None:
        """Give everything back, for good; a forked child keeps its hands off."""
        if self._process != os.getpid():
            return
        with self.lock:
            if self._closed_why is None:
                self._closed_why = why
            for held in self._held:
                held.lease.release()
            for one in self.allocated:
                if isinstance(one, Workspace):
                    one.delete()
            self._held.clear()
            self.allocated.clear()

    def end(self) -> None:
        """Close it, and the client as well: nothing more is asked."""
        self.close("the broker was closed")
        self._client.close()

    def _release_part(self, lease: respo.Lease, names: set[str]) -> None:
        query = [("resource", name) for name in sorted(names)]
        query.append(("pool", lease.pool))
        self._client.calls.call("DELETE", f"/v1/leases/{lease.id}", query, token=lease.token)
