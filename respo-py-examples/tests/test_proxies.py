"""Servers that stand in front of respod, or in its place."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import socket
import threading
from typing import TYPE_CHECKING, ClassVar

import pytest

import respo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon import Respod


class Relay:
    """A proxy that passes everything on but requests for a WebSocket."""

    def __init__(self, respod: Respod) -> None:
        """Listen."""
        self.upgrades = 0
        self._target = respod.address
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        with self._listener:
            self._listener.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            head = client.recv(65536)
            if head.startswith(b"GET /ws"):
                self.upgrades += 1
                client.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                return
            with socket.create_connection(self._target) as server:
                server.sendall(head)
                back = threading.Thread(target=_pump, args=(server, client))
                back.start()
                _pump(client, server)
                back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            data = source.recv(65536)
            if not data:
                break
            target.sendall(data)
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def relay(respod: Respod) -> Iterator[Relay]:
    """A proxy in front of a respod with one bench."""
    made = Relay(respod)
    yield made
    made.close()


def test_where_a_proxy_lets_no_web_socket_through_http_will_do(relay: Relay) -> None:
    with respo.Client(relay.url) as client:
        for fence in (1, 2):
            with client.lease("bench-1") as bench:
                assert bench.fence == fence
    assert relay.upgrades == 1


def test_it_will_do_for_asyncio_too(relay: Relay) -> None:
    async def main() -> None:
        async with respo.AsyncClient(relay.url) as client:
            for fence in (1, 2):
                async with client.lease("bench-1") as bench:
                    assert bench.fence == fence

    asyncio.run(main())
    assert relay.upgrades == 1


def test_two_leases_at_once_do_without_one_too(relay: Relay) -> None:
    async def main() -> None:
        async def lease(client: respo.AsyncClient) -> int:
            async with client.lease("bench-1") as bench:
                return bench.fence

        async with respo.AsyncClient(relay.url) as client:
            assert sorted(await asyncio.gather(lease(client), lease(client))) == [1, 2]

    asyncio.run(main())


def test_whoever_insists_on_a_web_socket_is_told_what_to_do(relay: Relay) -> None:
    with pytest.raises(respo.Unavailable, match="transport='http' does without"):
        respo.Client(relay.url, transport="websocket").acquire("bench-1")

    async def main() -> None:
        await respo.AsyncClient(relay.url, transport="websocket").acquire("bench-1")

    with pytest.raises(respo.Unavailable, match="transport='http' does without"):
        asyncio.run(main())


class Odd(http.server.BaseHTTPRequestHandler):
    """Some other web server."""

    status: ClassVar[int] = 200

    def do_POST(self) -> None:
        """Answer with a page."""
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(b"<html>hello</html>")

    do_GET = do_POST  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    ("status", "kind", "hint"),
    [
        (404, respo.Invalid, "answered 404 and does not look like respod"),
        (502, respo.Unavailable, "answered 502 and does not look like respod"),
        (200, respo.Unavailable, "is it running there?"),
    ],
)
def test_another_server_is_not_taken_for_respod(
    status: int, kind: type[respo.Error], hint: str
) -> None:
    handler = type("Handler", (Odd,), {"status": status})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        url = f"http://127.0.0.1:{server.server_port}"
        with pytest.raises(kind, match=hint.replace("?", r"\?")):
            respo.Client(url).list()
        with pytest.raises(respo.Error, match=url):
            respo.Client(url, transport="http").acquire("bench-1")
        server.shutdown()
