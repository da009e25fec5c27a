"""Things that happen to tasks in the same turn of the event loop."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from daemon import Respod
from waiting import PATIENCE
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

import respo
from respo.address import Address
from respo.async_web_socket import AsyncSocketConnection, AsyncSocketTransport
from respo.socket_messages import Routes


@pytest.mark.parametrize("stopped", ["before", "after", "by its task"])
def test_a_request_that_is_stopped_just_as_it_is_granted_leaves_nothing(
    stopped: str, respod: Respod, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver = Routes.deliver

    async def main() -> None:
        client = respo.AsyncClient(respod.url, transport="websocket")

        def racing(routes: Routes, text: str) -> str | None:
            if json.loads(text).get("event") != "granted":
                return deliver(routes, text)
            monkeypatch.setattr(Routes, "deliver", deliver)
            if stopped == "before":
                client._runners.pop().stop()
            answer = deliver(routes, text)
            if stopped == "after":
                client._runners.pop().stop()
            if stopped == "by its task":
                asking.cancel()
            return answer

        monkeypatch.setattr(Routes, "deliver", racing)
        asking = asyncio.create_task(client.acquire("bench-1"))
        # It is granted or not; in any case nothing is left of it, and nobody waits for ever.
        await asyncio.wait({asking}, timeout=PATIENCE)
        assert asking.done()
        assert stopped != "by its task" or asking.cancelled()
        if not asking.cancelled() and asking.exception() is None:
            await asking.result().release()
        await (await client.acquire("bench-1", wait="20s")).release()
        await client.close()

    asyncio.run(main())


def test_a_second_stop_does_not_abort_a_release(
    respod: Respod, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = AsyncSocketTransport.release

    async def main() -> None:
        client = respo.AsyncClient(respod.url, transport="websocket")
        bench = await client.acquire("bench-1", linger="10m")
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def slow(*arguments: Any) -> None:
            begun.set()
            await go_on.wait()
            await release(*arguments)

        monkeypatch.setattr(AsyncSocketTransport, "release", slow)
        releasing = asyncio.create_task(bench.release())
        await begun.wait()
        closing = asyncio.create_task(client.close())
        await asyncio.sleep(0)  # in which it says that the lease is to be released
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(releasing, closing)

    asyncio.run(main())
    respo.Client(respod.url).acquire("bench-1", wait=0).release()


@contextmanager
def server_that_is_late(silent: int) -> Iterator[tuple[str, threading.Event]]:
    """A WebSocket server that says hello only after ``silent`` connections without.

    Returns its URL, and an event that says that one of them is closed.
    """
    closed = threading.Event()
    connections: list[ServerConnection] = []

    def handle(connection: ServerConnection) -> None:
        connections.append(connection)
        if len(connections) > silent:
            connection.send(json.dumps({"event": "hello", "heartbeat_seconds": 5}))
        with pytest.raises(ConnectionClosed):
            connection.recv()
        closed.set()

    with serve(handle, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}", closed
        server.shutdown()
        thread.join()


def test_the_connection_after_one_without_a_hello_is_not_deaf() -> None:
    async def main(url: str) -> None:
        address = Address.of(url)
        with pytest.raises(respo.Unavailable):
            await AsyncSocketConnection.to(address, 0.2)
        connecting = asyncio.create_task(AsyncSocketConnection.to(address, PATIENCE))
        connection = await connecting
        await connection.close()

    with server_that_is_late(silent=1) as (url, _):
        asyncio.run(main(url))


def test_a_connection_that_is_given_up_while_it_waits_for_a_hello_is_closed() -> None:
    async def main(url: str, closed: threading.Event) -> None:
        address = Address.of(url)
        recv = asyncio.Event()
        monkeypatch = pytest.MonkeyPatch()

        async def announced(*_: Any) -> str:
            recv.set()
            await asyncio.sleep(PATIENCE)
            return ""

        with monkeypatch.context() as patched:
            patched.setattr("websockets.asyncio.client.ClientConnection.recv", announced)
            connecting = asyncio.create_task(AsyncSocketConnection.to(address, PATIENCE))
            await recv.wait()
            connecting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await connecting
        assert await asyncio.to_thread(closed.wait, PATIENCE)

    with server_that_is_late(silent=1) as (url, closed):
        asyncio.run(main(url, closed))
