"""Hosts that a test has to itself for as long as its heartbeat goes on."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable

from respo.errors import LeaseLost
from respo.instants import instant
from respo.interruption import Block
from respo.provisioner.heartbeat import Heartbeat
from respo.resources import Resource

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from respo.provisioner.token_leases import TokenLeases

logger = logging.getLogger("respo")


class Hosts(Mapping[str, Resource]):
    """Hosts by the names that a test has given them; ``hosts.gateway`` is ``hosts["gateway"]``."""

    def __init__(self, hosts: Mapping[str, Resource]) -> None:
        self._hosts = dict(hosts)

    def __getitem__(self, name: str) -> Resource:
        """Return a host."""
        return self._hosts[name]

    def __getattr__(self, name: str) -> Resource:
        """Return a host."""
        if name.startswith("_") or name not in self._hosts:
            message = f"there is no host {name!r}; there are: {', '.join(self) or 'none'}"
            raise AttributeError(message)
        return self._hosts[name]

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self._hosts)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._hosts)

    def __repr__(self) -> str:
        """Show which host is which resource."""
        shown = ", ".join(f"{name}={host.name}" for name, host in self._hosts.items())
        return f"<hosts {shown}>"


class Cluster:
    """Some hosts under a common name."""

    def __init__(self, hosts: Hosts) -> None:
        self.hosts = hosts

    def __repr__(self) -> str:
        """Show the hosts."""
        return f"<cluster of {self.hosts!r}>"


class _Clusters(dict[str, Cluster]):
    def __getattr__(self, name: str) -> Cluster:
        if name not in self:
            message = f"there is no cluster {name!r}; there are: {', '.join(self) or 'none'}"
            raise AttributeError(message)
        return self[name]


class Allocation:
    """What was allocated. Made by :meth:`Provisioner.allocate`.

    A heartbeat goes on in the background until it is released, which a ``with`` block does where it
    ends. Where the heartbeat stops, because the process was killed or cannot run, the allocation
    expires. If it is lost, :class:`respo.LeaseLost` is raised in the block at the next opportunity,
    whenever :attr:`hosts` is used, and at the end of the block unless another exception is under
    way.

    Example:
        >>> from respo.provisioner import Provisioner
        >>> with Provisioner().allocate({"host": {"attributes": ["can"]}}) as allocation:
        ...     print(allocation, allocation.hosts.host.dut.socket)
        <allocation 1 of host=bench-1, held> 127.0.0.1:4567

    """

    def __init__(
        self,
        leases: TokenLeases,
        lease: Mapping[str, Any],
        names: Sequence[str],
        *,
        ttl: float,
        asked_at: float,
        grouping: Mapping[str, Mapping[str, Any]] | None = None,
        on_lost: Callable[[LeaseLost], Any] | None = None,
        interrupt: bool = True,
    ) -> None:
        """Allocations are made by :meth:`Provisioner.allocate`."""
        self._id = int(lease["id"])
        self._lease = lease
        self._hosts = Hosts(
            {name: host_of(name, group[0]) for name, group in zip(names, lease["resources"])}
        )
        self._grouping = grouping or {}
        self._on_lost = on_lost
        self._interrupt = interrupt
        self._block: Block | None = None
        self._is_released = False
        self._process_id = os.getpid()
        self._heartbeat = Heartbeat(
            leases,
            self._id,
            str(lease["token"]),
            ttl=ttl,
            asked_at=asked_at,
            on_lost=_weakly(self),
        )
        self._heartbeat.start()
        weakref.finalize(self, self._heartbeat.stop).atexit = False

    @property
    def id(self) -> int:
        """Its number in the pool."""
        return self._id

    @property
    def fence(self) -> int:
        """A number that rises with every grant in the pool: a device can refuse a smaller one."""
        return int(self._lease["fence"])

    @property
    def pool(self) -> str:
        """The pool that it is from."""
        return str(self._lease["pool"])

    @property
    def since(self) -> datetime:
        """When it was granted, by respod's clock."""
        return instant(self._lease["since"])

    @property
    def hosts(self) -> Hosts:
        """The hosts, by the names that were asked for.

        Raises:
            LeaseLost: If they are not held any more.

        """
        self.check()
        return self._hosts

    @property
    def clusters(self) -> Mapping[str, Cluster]:
        """The clusters of the ``grouping`` that was asked for; raises as :attr:`hosts` does."""
        hosts = self.hosts
        return _Clusters(
            {
                name: Cluster(Hosts({host: hosts[host] for host in cluster["hosts"]}))
                for name, cluster in self._grouping.items()
            }
        )

    @property
    def lost(self) -> bool:
        """Whether it is known not to be held any more although nobody here released it."""
        return self._is_forked or self._heartbeat.error is not None

    def check(self) -> None:
        """Do nothing if it is held; where a heartbeat is overdue, one is sent first.

        Raises:
            LeaseLost: If it was lost, or released.

        """
        if self._is_forked:
            message = f"allocation {self._id} is held by the process {self._process_id}"
            raise LeaseLost(message, reason="forked")
        if self._is_released and not self.lost:
            message = f"allocation {self._id} is released: its hosts may be another's by now"
            raise LeaseLost(message, reason="released")
        self._heartbeat.check()

    def release(self) -> None:
        """Give everything back, and return when respod has taken it. Can be called again.

        Where respod cannot be reached, this is tried for a while, and then logged: it expires.
        """
        if self._is_forked:
            return
        self._is_released = True
        self._heartbeat.stop()
        self._heartbeat.join()

    def __enter__(self) -> Allocation:
        """Have LeaseLost raised in this block if it is lost, and return it."""
        self._block = Block() if self._interrupt else None
        error = self._heartbeat.error
        if error is not None:
            self.release()
            raise error.with_traceback(None) from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Release it; raise LeaseLost if it was lost and nothing else is raised."""
        block, self._block = self._block, None
        if block is not None:
            block.leave()
        self.release()
        loss = self._heartbeat.error
        if loss is not None and kind is None and not self._is_forked:
            raise loss.with_traceback(None) from None

    def __repr__(self) -> str:
        """Show which host is which resource, and how things stand; no secrets."""
        state = "lost" if self.lost else "released" if self._is_released else "held"
        shown = ", ".join(f"{name}={host.name}" for name, host in self._hosts.items())
        return f"<allocation {self._id} of {shown}, {state}>"

    @property
    def _is_forked(self) -> bool:
        return self._process_id != os.getpid()

    def take_loss(self, lost: LeaseLost) -> None:
        """Take in that it is lost; for the heartbeat."""
        block = self._block
        if block is not None:
            block.interrupt(lost)
        if self._on_lost is not None:
            self._on_lost(lost)
        else:
            logger.error("%s", lost)


def _weakly(allocation: Allocation) -> Callable[[LeaseLost], None]:
    """Return what tells an allocation of its loss, and does not keep it from being collected."""
    reference = weakref.ref(allocation)

    def tell(lost: LeaseLost) -> None:
        alive = reference()
        if alive is not None:
            alive.take_loss(lost)

    return tell


def host_of(alias: str, resource: Mapping[str, Any]) -> Resource:
    """Return the resource that is a host; its property ``alias`` is its name in the test."""
    properties = {"alias": alias, **(resource.get("properties") or {})}
    return Resource.of({**resource, "properties": properties})
