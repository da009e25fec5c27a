"""The client, for threads."""

from __future__ import annotations

import builtins
import importlib.util
from typing import TYPE_CHECKING

from respo.address import Address
from respo.calls import Calls
from respo.errors import Invalid
from respo.event_stream import EventStream
from respo.lease import Lease
from respo.lock_stream import LockTransport
from respo.options import NEEDS, TERMS, WATCHING, check_names, watch_of
from respo.overview import HeldLease, ResourceState, Stack, Status, WaitingRequest
from respo.process import RELEASE_WITHIN, release_everything
from respo.queries import pool_query, resources_query
from respo.request import request_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from respo.lease_thread import Transport
    from respo.options import LeaseOptions, Selection
    from respo.request import Wanted

TRANSPORTS = ("http", "websocket")


def transport_of(transport: str | None) -> str | None:
    """Check which transport is asked for.

    Raises:
        Invalid: If there is none of that name, or what it needs is not installed.

    """
    if transport is not None and transport not in TRANSPORTS:
        message = f"transport={transport!r}: there are 'http' and 'websocket'"
        raise Invalid(message, problem={"parameter": "transport"})
    if transport == "websocket" and not has_web_socket():
        message = "transport='websocket' needs the package websockets: pip install 'respo[ws]'"
        raise Invalid(message, problem={"parameter": "transport"})
    return transport


def has_web_socket() -> bool:
    """Return whether the package websockets is installed."""
    return importlib.util.find_spec("websockets") is not None


class Client:
    """A respod, and what is leased from it.

    Threads may share a client. Its leases share one WebSocket where the package websockets is
    installed (``pip install 'respo[ws]'``); without it, or with ``transport="http"``, each has an
    HTTP connection.

    Args:
        url: Where respod is; by default what the environment says in ``RESPO_URL``, else
            ``http://127.0.0.1:7373``.
        name: Who asks; others see it. By default ``RESPO_NAME``, else ``USER@HOST``.
        token: The administrator's, where respod was started with one: for the inventory.
        transport: ``"http"`` or ``"websocket"``.
        timeout: How many seconds a connection and a single answer may take, and for how long a
            release is tried.

    Raises:
        Invalid: If the URL or the transport cannot be used.

    Example:
        >>> with respo.Client(name="ci-88") as client:
        ...     with client.lease("+can", wait="10m") as bench:
        ...         print(bench.name, client.list(resource="bench-1")[0].lease.holder)
        bench-1 ci-88

    """

    def __init__(
        self,
        url: str | None = None,
        *,
        name: str | None = None,
        token: str | None = None,
        transport: str | None = None,
        timeout: float = 10.0,
    ) -> None:
        """Connect to nothing yet."""
        self._address = Address.of(url)
        self._name = name
        self._timeout = timeout
        self.calls = Calls(self._address, timeout, token)
        self._transport = self._made(transport_of(transport))

    def _made(self, transport: str | None) -> Transport:
        streams = LockTransport(self.calls)
        if transport == "http" or not has_web_socket():
            return streams
        from respo.web_socket import SocketTransport

        return SocketTransport(self.calls, streams if transport is None else None)

    @property
    def url(self) -> str:
        """Where respod is."""
        return self._address.url

    def lease(self, *requirements: Wanted, **options: Unpack[LeaseOptions]) -> Lease:
        """Return a lease for a ``with`` block, which acquires it.

        Args:
            *requirements: What is needed, all granted together: each a text
                (``"2 location=office2 +lte"``), a :class:`respo.Requirement`, or a mapping as in
                respod's JSON.
            **options: The keywords of :class:`respo.Requirement` (``count``, ``resource``,
                ``location``, ``attributes``, ``entities``, ``properties``, ``where``, ``keys``,
                ``stack``) make one more requirement, or narrow a single text; and the following.

        Keyword Args:
            priority (int): −1000…1000; higher goes first. 0 by default.
            description (str): What it is for; others see it.
            name (str): Who asks; by default the client's name.
            tags (Mapping[str, str]): More to be known of the request.
            wait (str | float | timedelta): How long to wait in the queue: seconds, a text such as
                ``"10m"``, ``"forever"`` (the default), or 0 to be refused as Busy at once.
            linger (str | float | timedelta): How long the lease outlives its connection. 0 by
                default.
            max_duration (str | float | timedelta): The lease ends at the latest this long after it
                was granted.
            pool (str): Where respod serves several; by default what the environment says in
                ``RESPO_POOL``.
            on_notice (Callable[[respo.Notice], object]): Called with what is told: while the
                request waits in the thread that waits, and an exception ends the waiting; later in
                another one. Without it, notices go to the logger ``respo``.
            on_lost (Callable[[respo.LeaseLost], object]): Called in another thread when it is lost.
            interrupt (bool): Whether LeaseLost is raised in the ``with`` block at the next
                opportunity when the lease is lost; ``False``: it is when the lease is used, or the
                block ends.

        Raises:
            Invalid: If what is asked for contradicts itself.

        """
        check_names(options, *NEEDS, *TERMS, *WATCHING)
        request = request_of(requirements, options, self._name)
        return Lease(self._transport, request, self._timeout, watch_of(options))

    def acquire(self, *requirements: Wanted, **options: Unpack[LeaseOptions]) -> Lease:
        """Return a lease that is held, after waiting for it; the caller releases it.

        Takes what :meth:`lease` does, and raises what :meth:`respo.Lease.acquire` does.
        """
        return self.lease(*requirements, **options).acquire()

    def list(
        self,
        *,
        state: str | tuple[str, ...] | None = None,
        pool: str | None = None,
        **selection: Unpack[Selection],
    ) -> builtins.list[ResourceState]:
        """Return the resources that match, and how each stands.

        Args:
            state: Only those in this state, or in one of these.
            pool: Only those of this pool.
            **selection: ``resource``, ``location``, ``attributes``, ``entities``, ``properties``
                and ``where``, as for :class:`respo.Requirement`.

        Raises:
            Invalid: If there is a mistake in what is asked for.
            Unavailable: If respod cannot be reached.

        """
        answer = self.calls.json("/v1/resources", resources_query(selection, state, pool))
        return [ResourceState.of(one) for one in answer["resources"]]

    def status(self, *, pool: str | None = None) -> Status:
        """Return everything at a glance: the pools, their resources and what waits for them."""
        return Status.of(self.calls.json("/", pool_query(pool)))

    def inventory(self, *, pool: str | None = None) -> str:
        """Return the inventory as YAML, properties included.

        Raises:
            Error: With the code ``unauthorized``, if respod wants the administrator's token.

        """
        return self.calls.text("/inventory", pool_query(pool))

    def events(self, *, pool: str | None = None, after: str | None = None) -> EventStream:
        """Return an iterator over what happens in a pool from now on, or ``after`` an event.

        It waits for each event, and goes on where it was when respod has been away. Close it, or
        use it in a ``with`` block.

        Raises:
            Invalid: If there are several pools and none is named.
            Unavailable: If respod cannot be reached.

        """
        return EventStream(self.calls, pool, after)

    def leases(
        self, *, holder: str | None = None, pool: str | None = None
    ) -> builtins.list[HeldLease]:
        """Return what is held, in the order of the ids."""
        answer = self.calls.json("/v1/leases", pool_query(pool, holder=holder))
        return [HeldLease.of(one) for one in answer["leases"]]

    def requests(
        self, *, holder: str | None = None, pool: str | None = None
    ) -> builtins.list[WaitingRequest]:
        """Return what waits, in the order in which it will be served."""
        answer = self.calls.json("/v1/requests", pool_query(pool, holder=holder))
        return [WaitingRequest.of_json(one) for one in answer["requests"]]

    def stacks(self, *, pool: str | None = None) -> builtins.list[Stack]:
        """Return which resources are wired together."""
        return [Stack.of(one) for one in self.calls.json("/v1/stacks", pool_query(pool))["stacks"]]

    def close(self) -> None:
        """Release every lease of this client, and close its connection. It can be used again."""
        release_everything(self._timeout + RELEASE_WITHIN, owner=self._transport)
        self._transport.close()

    def __enter__(self) -> Client:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def __repr__(self) -> str:
        """Show where it is; no secrets."""
        return f"<respo.Client of {self._address}>"
