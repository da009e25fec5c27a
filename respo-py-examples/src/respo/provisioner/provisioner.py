"""Where hardware is allocated: a respod and one of its pools."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Callable

from respo.address import Address
from respo.calls import Calls
from respo.errors import Invalid, LeaseLost
from respo.instants import Duration, duration_text
from respo.notices import Notice
from respo.provisioner.allocation import Allocation
from respo.provisioner.asking import granted
from respo.provisioner.demands import Demands, requirements_of
from respo.provisioner.requestor import requestor
from respo.provisioner.token_leases import TokenLeases
from respo.provisioner.withdrawal import Withdrawal
from respo.request import default_holder, seconds_of

TTL: Duration = 30
WAIT: Duration = "2m"


class Provisioner:
    """Allocates hosts for tests.

    Args:
        url: Where respod is; by default what ``RESPO_URL`` says, else ``http://127.0.0.1:7373``.
        pool: Where respod serves several; by default what ``RESPO_POOL`` says.
        name: Who asks; others see it. By default ``RESPO_NAME``, else ``USER@HOST``.
        timeout: How many seconds a single answer may take, and for how long a release is tried.

    Raises:
        Invalid: If the URL cannot be used.

    Example:
        >>> with Provisioner(name="ci-88").allocate({"host": {}}) as allocation:
        ...     print(allocation.hosts.host.name)
        bench-1

    """

    def __init__(
        self,
        url: str | None = None,
        *,
        pool: str | None = None,
        name: str | None = None,
        timeout: float = 10.0,
    ) -> None:
        self._calls = Calls(Address.of(url), timeout)
        self._pool = pool
        self._name = name

    @property
    def url(self) -> str:
        """Where respod is."""
        return self._calls.address.url

    @property
    def leases(self) -> TokenLeases:
        """The token leases of the pool."""
        return TokenLeases(self._calls, self._pool or os.environ.get("RESPO_POOL"))

    def body(
        self,
        demands: Demands,
        *,
        wait: Duration = WAIT,
        ttl: Duration = TTL,
        priority: int = 0,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Return the request for these demands as respod's JSON has it."""
        told = {**requestor(self._calls.address), **(tags or {})}
        return {
            "requirements": [one.to_json() for one in requirements_of(demands)],
            "name": self._name or default_holder(),
            "tags": {str(key): str(value) for key, value in told.items()},
            "wait": duration_text(wait),
            "ttl": duration_text(ttl),
            **({"priority": priority} if priority else {}),
            **({"description": description} if description else {}),
        }

    def allocate(
        self,
        demands: Demands,
        *,
        wait: Duration = WAIT,
        ttl: Duration = TTL,
        priority: int = 0,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        grouping: Mapping[str, Mapping[str, Any]] | None = None,
        on_notice: Callable[[Notice], Any] | None = None,
        on_lost: Callable[[LeaseLost], Any] | None = None,
        interrupt: bool = True,
        withdrawal: Withdrawal | None = None,
    ) -> Allocation:
        """Allocate hosts, all together, waiting for them if need be.

        Args:
            demands: For each host, by a name of your choice, what it must have: see
                :func:`respo.provisioner.demands.requirements_of`.
            wait: How long to wait in the queue: seconds, a text such as ``"10m"``, ``"forever"``,
                or 0.
            ttl: How long the allocation lives without a heartbeat, 1 s or more.
            priority: −1000…1000; higher goes first.
            description: What it is for; others see it.
            tags: More to be known of the request. Who asks is told in any case: ``hostname``,
                ``username``, ``ip``, ``process_id``, ``creation_time`` and ``running_cmd``.
            grouping: Names for some of the hosts: ``{"cluster1": {"hosts": ["host1"]}}``.
            on_notice: Called with what is told while it waits; by default that is logged.
            on_lost: Called in another thread when it is lost; by default that is logged.
            interrupt: Whether LeaseLost is raised in the ``with`` block at the next opportunity
                when it is lost.
            withdrawal: By which another thread can take the request back while it waits.

        Raises:
            Busy: If it was not granted in that time.
            NoSuch: If there is no such hardware.
            Invalid: If the demands have a mistake.
            Unavailable: If respod cannot be reached.

        """
        _check(demands, grouping)
        body = self.body(
            demands, wait=wait, ttl=ttl, priority=priority, description=description, tags=tags
        )
        leases = self.leases
        lease, asked_at = granted(leases, body, on_notice, withdrawal)
        return Allocation(
            leases,
            lease,
            tuple(demands),
            ttl=seconds_of(body["ttl"]),
            asked_at=asked_at,
            grouping=grouping,
            on_lost=on_lost,
            interrupt=interrupt,
        )

    def __repr__(self) -> str:
        """Show where it is."""
        return f"<respo.provisioner.Provisioner of {self.url}>"


def _check(demands: Demands, grouping: Mapping[str, Mapping[str, Any]] | None) -> None:
    for name, cluster in (grouping or {}).items():
        for host in cluster.get("hosts", ()):
            if host not in demands:
                message = f"the cluster {name} has the host {host!r}, which is not demanded"
                raise Invalid(message)
