"""The broker that AVE's clients talk to, over respo."""

from __future__ import annotations

import contextlib
import threading
import weakref
from typing import TYPE_CHECKING, Any

import respo
from respo.ave.equipment import Equipment
from respo.ave.exceptions import AveException, exception_of
from respo.ave.listing import Listing
from respo.ave.matching import Group, ProfileOrGroup, groups_of, requirement_of
from respo.ave.session import Allocated, Session
from respo.ave.workspace import Workspace, tools_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from respo.ave.profile import Profile

__all__ = ["Broker"]

_RELEASE_SECONDS = 2.0
"""How long the collection of a broker waits for respod."""


class Broker:
    """A client's session: what it allocates is its own until it is yielded, or the broker is gone.

    Keep a reference to it: when it is collected, or its process ends, everything that it allocated
    is given back.

    Args:
        address: Host and port of respod, or its URL; by default what ``RESPO_URL`` says.
        timeout: Seconds to wait for an answer.
        authkey: The administrator's token of respod, where it has one. Lists are for
            administrators.
        pool: The pool to allocate from; needed where there are several.
        name: Who asks, which others see; by default ``RESPO_NAME``, or user and host.
        description: What it is for, which others see.

    Example:
        >>> broker = Broker()
        >>> handset, relay = broker.get({"type": "handset"}, {"type": "relay", "uid": "a"})
        >>> handset.profile["serial"]
        'CB5A1JYXRQ'

    """

    def __init__(
        self,
        address: tuple[str, int] | str | None = None,
        timeout: float = 5,
        authkey: str | None = None,
        *,
        pool: str | None = None,
        name: str | None = None,
        description: str | None = None,
    ) -> None:
        """Make a broker. Nothing is sent yet."""
        url = _url_of(address)
        with _as_in_ave():
            # Over HTTP each request has a connection of its own. So what is allocated first keeps
            # its stack-mates from what the same client asks for later, as AVE does.
            self._client = respo.Client(
                url, name=name, token=authkey, transport="http", timeout=timeout
            )
        self._pool = pool
        self._description = description
        self._listing = Listing(self._client, pool)
        self._session = Session(self._client)
        self._finalizer = weakref.finalize(self, _end, self._session)

    def get(self, *profiles: ProfileOrGroup) -> Any:
        """Allocate equipment and workspaces, all of it or nothing, and at once or not at all.

        Without a tuple among the ``profiles``, all equipment comes from one stack. A tuple is a
        group whose equipment comes from one stack; then a profile beside the tuples is a group of
        its own. Workspaces are in no stack.

        Returns:
            An :class:`respo.ave.Equipment` or :class:`respo.ave.Workspace` if one profile was
            given; a tuple of them otherwise, in the order of the profiles.

        Raises:
            Busy: Somebody has what is asked for. Everything that the broker has allocated is given
                back,
                and it can allocate no more.
            NoSuch: There is nothing like it. The same as with ``Busy``.
            Restarting: respod is stopping or cannot be reached. What was allocated stays.
            AveException: A profile is malformed. What was allocated stays.
            SessionClosed: An earlier call raised ``Busy`` or ``NoSuch``.

        Example:
            >>> with Broker() as broker:
            ...     broker.get(({"type": "handset"},), ({"type": "handset"},))
            (<handset handset-CB5A1JYXRQ>, <handset handset-CB511VD8AF>)

        """
        groups = groups_of(profiles)
        with self._session.lock, _as_in_ave():
            self._session.check_open()
            try:
                allocated = self._allocate(groups)
            except (respo.Busy, respo.NoSuch) as error:
                self._session.close(f"an allocation failed: {error}")
                raise
        return allocated[0] if len(allocated) == 1 else tuple(allocated)

    get_resource = get
    get_resources = get

    def yield_resources(self, *resources: Allocated | Mapping[str, Any]) -> None:
        """Give back some of what was allocated: what :meth:`get` returned, or profiles.

        Raises:
            NoSuch: The client does not have one of them. Nothing is given back then.
            Restarting: respod cannot be reached.

        """
        with self._session.lock, _as_in_ave():
            self._session.check_open()
            found = {id(one): one for one in map(self._session.find, resources)}
            self._session.give_back(list(found.values()))

    def list_allocations(self) -> list[Profile]:
        """Return the profiles of what this client has."""
        with self._session.lock:
            self._session.check_open()
            return [one.profile for one in self._session.present()]

    def list_collateral(self) -> list[Profile]:
        """Return what nobody can get because this client has something of the same stack."""
        with self._session.lock, _as_in_ave():
            self._session.check_open()
            return self._listing.stack_mates(self._session.names())

    def list_allocations_all(self) -> list[Profile]:
        """Return the profiles of the equipment that any client has."""
        with _as_in_ave():
            return self._listing.allocated()

    def list_collateral_all(self) -> list[Profile]:
        """Return what nobody can get because some client has something of the same stack."""
        with _as_in_ave():
            return [profile.minimal() for profile in self._listing.equipment(None, "collateral")]

    def list_equipment(self, profile: Mapping[str, Any] | None = None) -> list[Profile]:
        """Return the equipment that has this profile, free or not; without one, all of it."""
        with _as_in_ave():
            return self._listing.equipment(profile)

    def list_available(self, profile: Mapping[str, Any] | None = None) -> list[Profile]:
        """Return the equipment that has this profile and can be allocated now."""
        with _as_in_ave():
            return self._listing.equipment(profile, "free")

    def list_handsets(self, profile: Mapping[str, Any] | None = None) -> list[Profile]:
        """Return the handsets that have this profile, free or not."""
        return self.list_equipment({**(profile or {}), "type": "handset"})

    def list_relays(self, profile: Mapping[str, Any] | None = None) -> list[Profile]:
        """Return the relays that have this profile, free or not."""
        return self.list_equipment({**(profile or {}), "type": "relay"})

    def list_stacks(self) -> list[list[Profile]]:
        """Return the stacks, each as a list of what identifies its members."""
        with _as_in_ave():
            return self._listing.stacks()

    def close(self) -> None:
        """Give everything back. The broker can allocate no more."""
        self._finalizer.detach()
        self._session.end()

    def __enter__(self) -> Broker:
        """Return the broker, which is closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def __repr__(self) -> str:
        """Show what it has."""
        return f"<broker with {self._session.present()}>"

    def _allocate(self, groups: list[Group]) -> list[Allocated]:
        """Return what was allocated, in the order of the profiles."""
        places = [(profile, group.label) for group in groups for profile in group.profiles]
        # What may be refused comes first, what is to be tidied up last.
        workspaces = [
            self._wanted_workspace(profile) if profile["type"] == "workspace" else None
            for profile, _ in places
        ]
        requirements = [
            requirement_of(profile, label)
            for profile, label in places
            if profile["type"] != "workspace"
        ]
        equipment: Iterator[Equipment] = iter(())
        if requirements:
            lease = self._client.acquire(
                *requirements, wait=0, pool=self._pool, description=self._description
            )
            leased = [Equipment(one, lease) for (one,) in lease.by_requirement]
            self._session.add(lease, leased)
            equipment = iter(leased)
        return [next(equipment) if wanted is None else self._made(wanted) for wanted in workspaces]

    def _wanted_workspace(self, profile: Mapping[str, Any]) -> Workspace | dict[str, str]:
        """Return the workspace that is meant, or the tools of the one that is to be made."""
        known = self._session.workspace(str(profile["uid"])) if "uid" in profile else None
        return known or tools_of(profile)

    def _made(self, wanted: Workspace | dict[str, str]) -> Workspace:
        if isinstance(wanted, Workspace):
            return wanted
        workspace = Workspace(wanted)
        self._session.add_workspace(workspace)
        return workspace


def _url_of(address: tuple[str, int] | str | None) -> str | None:
    if address is None or isinstance(address, str):
        return address
    try:
        host, port = address
    except (TypeError, ValueError):
        message = f"an address is a host and a port, or a URL, not {address!r}"
        raise AveException(message) from None
    host = host or "127.0.0.1"  # as in AVE, '' is this machine
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextlib.contextmanager
def _as_in_ave() -> Iterator[None]:
    """Have errors of respo raised as AVE's."""
    try:
        yield
    except AveException:
        raise
    except respo.Error as error:
        raise exception_of(error) from error


def _end(session: Session) -> None:
    """Give everything back when the broker was collected, or the process ends.

    The collector may run in any thread and in the middle of anything, such as the thread that
    follows one of the leases. So a thread of its own does the work; to wait for it for long could
    be to wait for oneself.
    """
    worker = threading.Thread(target=session.end, name="respo-ave-end")
    try:
        worker.start()
    except RuntimeError:  # the interpreter is ending, and starts no more threads
        session.end()
    else:
        worker.join(_RELEASE_SECONDS)
