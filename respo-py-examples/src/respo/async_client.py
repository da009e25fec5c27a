"""The client, for asyncio."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import threading
import weakref
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from respo.address import Address
from respo.async_lease import AsyncLease
from respo.async_state import AsyncLeaseState
from respo.client import Client, has_web_socket, transport_of
from respo.errors import Error
from respo.event_stream import EventStream
from respo.lease_protocol import LeaseProtocol
from respo.lease_task import AsyncRunner, LeaseTask, ThreadRunner
from respo.lease_thread import LeaseThread
from respo.lock_stream import LockTransport
from respo.options import NEEDS, TERMS, WATCHING, LeaseOptions, Selection, check_names, watch_of
from respo.overview import Event, HeldLease, ResourceState, Stack, Status, WaitingRequest
from respo.request import Request, Wanted, request_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from respo.async_web_socket import AsyncSocketTransport

Answer = TypeVar("Answer")


class AsyncClient:
    """A respod, and what is leased from it, for asyncio: the twin of :class:`respo.Client`.

    Takes the same arguments. Without the package websockets, leases are followed by threads. Single
    calls are always made in threads: the event loop is never blocked.

    Example:
        >>> async def main():
        ...     async with respo.AsyncClient(name="ci-88") as client:
        ...         async with client.lease("+can", wait="10m") as bench:
        ...             print(bench.name, [one.holder for one in await client.leases()])
        >>> asyncio.run(main())
        bench-1 ['ci-88']

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
        transport = transport_of(transport)
        # For single calls, and for leases where there is no WebSocket.
        self._client = Client(url, name=name, token=token, transport="http", timeout=timeout)
        self._name = name
        self._timeout = timeout
        self._calls = self._client.calls
        self._runners: weakref.WeakSet[Any] = weakref.WeakSet()
        self._insists = transport is not None
        self._sockets: AsyncSocketTransport | None = None
        if transport != "http" and has_web_socket():
            from respo.async_web_socket import AsyncSocketTransport

            self._sockets = AsyncSocketTransport(self._calls)

    @property
    def url(self) -> str:
        """Where respod is."""
        return self._client.url

    def lease(self, *requirements: Wanted, **options: Unpack[LeaseOptions]) -> AsyncLease:
        """Return a lease for an ``async with`` block, which acquires it.

        Takes what :meth:`respo.Client.lease` does. ``on_notice`` and ``on_lost`` are called in the
        event loop, and may be coroutine functions.
        """
        check_names(options, *NEEDS, *TERMS, *WATCHING)
        request = request_of(requirements, options, self._name)
        return AsyncLease(self, request, watch_of(options))

    async def acquire(self, *requirements: Wanted, **options: Unpack[LeaseOptions]) -> AsyncLease:
        """Return a lease that is held, after waiting for it; the caller releases it.

        Takes what :meth:`lease` does, and raises what :meth:`respo.Lease.acquire` does.
        """
        return await self.lease(*requirements, **options).acquire()

    async def list(
        self,
        *,
        state: str | tuple[str, ...] | None = None,
        pool: str | None = None,
        **selection: Unpack[Selection],
    ) -> builtins.list[ResourceState]:
        """Return the resources that match, as :meth:`respo.Client.list` does."""
        return await asyncio.to_thread(self._client.list, state=state, pool=pool, **selection)

    async def status(self, *, pool: str | None = None) -> Status:
        """Return everything at a glance."""
        return await asyncio.to_thread(self._client.status, pool=pool)

    async def inventory(self, *, pool: str | None = None) -> str:
        """Return the inventory as YAML, as :meth:`respo.Client.inventory` does."""
        return await asyncio.to_thread(self._client.inventory, pool=pool)

    async def leases(
        self, *, holder: str | None = None, pool: str | None = None
    ) -> builtins.list[HeldLease]:
        """Return what is held, in the order of the ids."""
        return await asyncio.to_thread(self._client.leases, holder=holder, pool=pool)

    async def requests(
        self, *, holder: str | None = None, pool: str | None = None
    ) -> builtins.list[WaitingRequest]:
        """Return what waits, in the order in which it will be served."""
        return await asyncio.to_thread(self._client.requests, holder=holder, pool=pool)

    async def stacks(self, *, pool: str | None = None) -> builtins.list[Stack]:
        """Return which resources are wired together."""
        return await asyncio.to_thread(self._client.stacks, pool=pool)

    def events(self, *, pool: str | None = None, after: str | None = None) -> AsyncEventStream:
        """Return an asynchronous iterator over what happens, for an ``async with`` block.

        It connects where the block begins; else it does what :meth:`respo.Client.events` does.
        """
        return AsyncEventStream(lambda: self._client.events(pool=pool, after=after))

    async def close(self) -> None:
        """Release every lease of this client, and close its connection. It can be used again."""
        runners = list(self._runners)
        for runner in runners:
            runner.stop()
        for runner in runners:
            await runner.ended()
        if self._sockets is not None:
            await self._sockets.close()

    def falls_back(self, error: Error) -> bool:
        """Return whether to ask again: there is no WebSocket, and it need not be one."""
        is_worth = error.code == "no_web_socket" and not self._insists
        if is_worth:
            self._sockets = None
        return is_worth

    def begin(self, request: Request, state: AsyncLeaseState) -> AsyncRunner:
        """Return what follows a request."""
        timeout, sockets = self._timeout, self._sockets
        protocol = LeaseProtocol(request, state, timeout=timeout, can_repeat=sockets is not None)
        runner: AsyncRunner
        if sockets is not None:
            runner = LeaseTask(request, protocol, sockets, self._calls)
        else:
            streams = LockTransport(self._calls)
            runner = ThreadRunner(LeaseThread(request, protocol, streams, timeout))
        self._runners.add(runner)
        return runner

    async def __aenter__(self) -> AsyncClient:
        """Return itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.close()

    def __repr__(self) -> str:
        """Show where it is; no secrets."""
        return f"<respo.AsyncClient of {self._client.url}>"


class AsyncEventStream:
    """An asynchronous iterator over events, which goes on where it was when respod has been away.

    A thread reads them.
    """

    def __init__(self, connect: Callable[[], EventStream]) -> None:
        """``connect``: makes the connection."""
        self._connect = connect
        self._stream: EventStream | None = None
        self._reading: threading.Thread | None = None
        self._is_closed = False
        self._events: asyncio.Queue[Event | Error | None]

    def __aiter__(self) -> AsyncEventStream:
        """Return itself."""
        return self

    async def __anext__(self) -> Event:
        """Wait for the next event.

        Raises:
            Error: If respod refuses to go on.

        """
        if self._is_closed:
            raise StopAsyncIteration
        if self._stream is None:
            await self.__aenter__()
        item = await self._events.get()
        if item is None:
            # Nothing more will come, for whoever else waits.
            self._events.put_nowait(None)
            raise StopAsyncIteration
        if isinstance(item, Error):
            raise item
        return item

    async def __aenter__(self) -> AsyncEventStream:
        """Connect."""
        if self._stream is None:
            self._is_closed = False
            self._events = asyncio.Queue()
            self._stream = await asyncio.to_thread(self._connect)
            loop = asyncio.get_running_loop()
            self._reading = threading.Thread(
                target=self._read, args=(self._stream, loop), name="respo-events", daemon=True
            )
            self._reading.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.aclose()

    async def aclose(self) -> None:
        """End the iteration, also for another task that waits for the next event."""
        self._is_closed = True
        stream, self._stream = self._stream, None
        if stream is not None and self._reading is not None:
            await asyncio.to_thread(stream.close)
            await asyncio.to_thread(self._reading.join)

    def _read(self, stream: EventStream, loop: asyncio.AbstractEventLoop) -> None:
        put = self._events.put_nowait
        with contextlib.suppress(RuntimeError):  # the loop is closed
            try:
                for event in stream:
                    loop.call_soon_threadsafe(put, event)
            except Error as error:
                loop.call_soon_threadsafe(put, error)
            finally:
                loop.call_soon_threadsafe(put, None)


_clients: dict[asyncio.AbstractEventLoop, dict[Address, AsyncClient]] = {}


def default_async_client() -> AsyncClient:
    """Return the client that all calls in this event loop share, for what ``RESPO_URL`` says."""
    address = Address.of(None)
    for loop in [loop for loop in _clients if loop.is_closed()]:
        del _clients[loop]
    of_loop = _clients.setdefault(asyncio.get_running_loop(), {})
    return of_loop.get(address) or of_loop.setdefault(address, AsyncClient(address.url))


def async_lease(*requirements: Wanted, **options: Unpack[LeaseOptions]) -> AsyncLease:
    """Return a lease for an ``async with`` block, from the respod that ``RESPO_URL`` names.

    To be called in an event loop. Takes and raises what :meth:`respo.AsyncClient.lease` does.
    """
    return default_async_client().lease(*requirements, **options)


async def async_acquire(*requirements: Wanted, **options: Unpack[LeaseOptions]) -> AsyncLease:
    """Return a lease that is held, from the respod that ``RESPO_URL`` names.

    The caller releases it. Takes and raises what :meth:`respo.AsyncClient.acquire` does.
    """
    return await default_async_client().acquire(*requirements, **options)
