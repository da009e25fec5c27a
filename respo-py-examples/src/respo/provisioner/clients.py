"""The clients of the seed project: one allocates, the other one keeps what was allocated alive."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from respo.absence import is_refusal
from respo.backoff import Backoff
from respo.client import Client
from respo.errors import Error
from respo.provisioner.asking import granted
from respo.provisioner.demands import Demands
from respo.provisioner.lifetime import Lifetime
from respo.provisioner.provisioner import Provisioner
from respo.provisioner.token_leases import TokenLeases
from respo.streams import now

logger = logging.getLogger("respo")

_TTL = 60.0
"""For how many seconds an allocation lives from its grant and from each heartbeat."""


@dataclass(frozen=True)
class _Known:
    leases: TokenLeases
    number: int
    token: str
    lifetime: Lifetime


# What this process has allocated, by the URL of respod and the allocation's id. Whoever has the
# token can release it, so the id alone says nothing to others.
_known: dict[tuple[str, str], _Known] = {}


class ProvisionerClient:
    """Allocates hosts; a :class:`HeartbeatClient` has to keep them alive.

    Args:
        ep: The URL of respod.
        cert: Client certificates are not supported: ``None`` or empty.
        key: The same.
        pool: Where respod serves several.
        ttl: For how many seconds an allocation lives from its grant and from each heartbeat.

    Example:
        >>> client = ProvisionerClient(respo.Client().url)
        >>> hardware = client.provision({"host": {"attributes": ["can"]}})
        >>> hardware["machines"]["host"]["name"], hardware["allocation_id"]
        ('bench-1', 'lab/1')
        >>> client.release(hardware["allocation_id"])

    """

    def __init__(
        self,
        ep: str,
        cert: str | None = None,
        key: str | None = None,
        *,
        pool: str | None = None,
        ttl: float = _TTL,
    ) -> None:
        _no_certificates(cert, key)
        self._provisioner = Provisioner(ep, pool=pool)
        self._pool = pool
        self._ttl = ttl

    def provision(self, hardware_req: Demands, timeout: float = 120) -> dict[str, Any]:
        """Allocate hosts, all together.

        Args:
            hardware_req: For each host what it must have: see :meth:`Provisioner.allocate`.
            timeout: For how many seconds to wait for them.

        Returns:
            ``allocation_id``, and under ``machines`` for each host its properties, and its
            ``name``, ``alias``, ``location``, ``attributes``, ``endpoint`` and ``entities``.

        Raises:
            Busy: If they were not free in time.
            NoSuch: If there are none such.

        """
        leases = self._provisioner.leases
        body = self._provisioner.body(hardware_req, wait=timeout, ttl=self._ttl)
        lease, asked_at = granted(leases, body)
        allocation = f"{lease['pool']}/{lease['id']}"
        _known[self._provisioner.url, allocation] = _Known(
            leases, int(lease["id"]), str(lease["token"]), Lifetime(self._ttl, asked_at)
        )
        machines = {
            alias: _details(alias, group[0])
            for alias, group in zip(hardware_req, lease["resources"])
        }
        return {"allocation_id": allocation, "machines": machines}

    def release(self, allocation_id: str) -> None:
        """Give an allocation back.

        Raises:
            KeyError: If this process has none of that id.
            LeaseLost: If it has ended already.

        """
        known = _known.pop((self._provisioner.url, allocation_id), None)
        if known is None:
            raise _unknown(allocation_id)
        known.leases.end(known.number, known.token)

    def allocations(self) -> list[dict[str, Any]]:
        """Return what is allocated, by anybody."""
        return [
            {
                "allocation_id": f"{lease.pool}/{lease.id}",
                "status": "success",
                "requestor": lease.holder,
                "hardware_details": [{"name": name} for name in lease.resources],
                "expiration": lease.expires.timestamp() if lease.expires else None,
            }
            for lease in Client(self._provisioner.url).leases(pool=self._pool)
        ]


class HeartbeatClient:
    """Sends heartbeats for what a :class:`ProvisionerClient` of this process has allocated.

    Args:
        stop: When it is set, there are no more heartbeats.
        ep: The URL of respod.
        cert: Client certificates are not supported: ``None`` or empty.
        key: The same.
        interval: How many seconds there are between heartbeats.

    Attributes:
        lost: Why the heartbeats have ended, if not because ``stop`` is set.

    Example:
        >>> hardware = ProvisionerClient(respo.Client().url).provision({"host": {}})
        >>> stop = threading.Event()
        >>> heartbeat = HeartbeatClient(stop, respo.Client().url)
        >>> thread = heartbeat.send_heartbeats_on_thread(hardware["allocation_id"])
        >>> stop.set()
        >>> thread.join()

    """

    def __init__(
        self,
        stop: threading.Event,
        ep: str,
        cert: str | None = None,
        key: str | None = None,
        interval: float = 2,
    ) -> None:
        _no_certificates(cert, key)
        self.stop_event = stop
        self.interval = interval
        self.lost: KeyError | None = None
        self._url = Provisioner(ep).url

    def send_heartbeat(self, allocation_id: str) -> None:
        """Send one.

        Raises:
            KeyError: If there is no such allocation any more, or this process has none of that id.
            Unavailable: If respod cannot be reached.

        """
        known = self._known(allocation_id)
        began = now()
        within = known.lifetime.within(known.leases.timeout)
        try:
            known.leases.renew(known.number, known.token, within)
        except Error as error:
            if not is_refusal(error):
                raise
            message = f"the allocation {allocation_id} is not held any more: {error.detail}"
            raise KeyError(message) from error
        known.lifetime.renewed(began)

    def send_heartbeats_until_stop(self, allocation_id: str) -> None:
        """Send heartbeats until ``stop`` is set, or the allocation is lost: that is logged.

        It counts as lost, too, when no heartbeat has come through for its whole ``ttl``; not as
        long as connections are refused, since nobody else is allocated anything then.
        """
        backoff = Backoff()
        while not self.stop_event.is_set() and self.lost is None:
            pause = self.interval
            began = now()
            try:
                lifetime = self._known(allocation_id).lifetime
                with lifetime.watched(lambda: self._lose(_overdue(allocation_id))):
                    self.send_heartbeat(allocation_id)
                backoff = Backoff()
            except KeyError as lost:
                self._lose(lost)
            except Error as error:
                logger.warning("a heartbeat for %s failed: %s", allocation_id, error)
                pause = lifetime.failed(error, began, min(pause, backoff.pause()))
                if lifetime.is_over:
                    self._lose(_overdue(allocation_id))
            if self.lost is None:
                self.stop_event.wait(pause)

    def _known(self, allocation_id: str) -> _Known:
        known = _known.get((self._url, allocation_id))
        if known is None:
            raise _unknown(allocation_id)
        return known

    def _lose(self, lost: KeyError) -> None:
        if self.lost is None:
            self.lost = lost
            logger.error("%s", lost.args[0])

    def send_heartbeats_on_thread(self, allocation_id: str) -> threading.Thread:
        """Do the same in a new thread, and return that."""
        thread = threading.Thread(
            target=self.send_heartbeats_until_stop, args=(allocation_id,), daemon=True
        )
        thread.start()
        return thread


def _details(alias: str, resource: Mapping[str, Any]) -> dict[str, Any]:
    details = {key: value for key, value in resource.items() if key != "properties"}
    return {"alias": alias, **(resource.get("properties") or {}), **details}


def _no_certificates(cert: str | None, key: str | None) -> None:
    if cert or key:
        message = "respod takes no client certificates: leave cert and key out"
        raise ValueError(message)


def _unknown(allocation_id: str) -> KeyError:
    return KeyError(f"this process has not allocated {allocation_id}, or has released it")


def _overdue(allocation_id: str) -> KeyError:
    return KeyError(f"the allocation {allocation_id} could not be kept: respod did not answer")
