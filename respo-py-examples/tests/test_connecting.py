"""Connections to a host with several addresses."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
from daemon import unused_port
from waiting import PATIENCE

import respo
from respo.absence import setback_of

if TYPE_CHECKING:
    from daemon import Respod

REFUSES = ("127.0.0.1", unused_port())
SILENT = ("127.0.0.2", 1)
MISSING = ("127.0.0.3", 1)
ERRORS = {
    SILENT: TimeoutError("timed out"),
    MISSING: OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address"),
}


@pytest.fixture(autouse=True)
def strange_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does not answer, and one that this machine does not have."""

    class Socket(socket.socket):
        def connect(self, address: Any) -> None:
            if address in ERRORS:
                raise ERRORS[address]
            super().connect(address)

        def bind(self, address: Any) -> None:
            if address[0] == MISSING[0]:
                raise ERRORS[MISSING]
            super().bind(address)

    monkeypatch.setattr(socket, "socket", Socket)


def name(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> str:
    """Give a name to addresses, and return its URL."""
    known = socket.getaddrinfo

    def look_up(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        if host != "lab.example":
            return known(host, port, *arguments, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return "http://lab.example:1"


async def ask_async(url: str, transport: str) -> None:
    async with respo.AsyncClient(url, transport=transport, timeout=0.2) as client:
        await client.acquire("bench-1")


def setbacks(url: str, transport: str) -> set[str]:
    """Return what all ways to connect tell of the server."""
    client = respo.Client(url, transport=transport, timeout=0.2)
    found = set()
    for attempt in (
        client.list,
        lambda: client.acquire("bench-1"),
        client.events,
        lambda: asyncio.run(ask_async(url, transport)),
    ):
        with pytest.raises(respo.Unavailable) as caught:
            attempt()
        found.add(setback_of(caught.value))
    return found


@pytest.mark.parametrize("addresses", [(SILENT, REFUSES), (REFUSES, SILENT)])
def test_a_server_of_which_one_address_does_not_answer_may_be_there(
    addresses: tuple[tuple[str, int], ...], transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert setbacks(name(monkeypatch, *addresses), transport) == {"unknown"}


@pytest.mark.parametrize(
    "addresses", [(REFUSES,), (REFUSES, REFUSES), (MISSING, REFUSES), (REFUSES, MISSING)]
)
def test_a_server_is_not_there_if_all_its_addresses_refuse(
    addresses: tuple[tuple[str, int], ...], transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert setbacks(name(monkeypatch, *addresses), transport) == {"not_there"}


def test_the_address_that_accepts_is_used(
    respod: Respod, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = name(monkeypatch, SILENT, REFUSES, MISSING, respod.address)
    with respo.Client(url, transport=transport) as client, client.lease("bench-1") as bench:
        assert (bench.fence, client.list()[0].name) == (1, "bench-1")


def test_a_socket_that_another_thread_is_connecting_is_not_kept_by_a_forked_child(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connecting, go_on = threading.Event(), threading.Event()
    sockets: list[socket.socket] = []

    class Slow(socket.socket):
        def connect(self, address: Any) -> None:
            sockets.append(self)
            connecting.set()
            go_on.wait(PATIENCE)
            raise ConnectionRefusedError(address)

    monkeypatch.setattr(socket, "socket", Slow)

    def connect() -> None:
        with pytest.raises(respo.Unavailable):
            respo.Client("http://127.0.0.1:1").list()

    thread = threading.Thread(target=connect)
    thread.start()
    try:
        assert connecting.wait(PATIENCE)
        descriptor = sockets[0].fileno()
        child = os.fork()
        if child == 0:
            try:
                os.fstat(descriptor)
            except OSError:
                os._exit(0)
            os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        os.fstat(descriptor)
    finally:
        go_on.set()
        thread.join()
