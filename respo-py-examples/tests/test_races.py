"""Things that happen to threads at the wrong moment."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING

import pytest
from waiting import eventually

import respo
from respo.lease_thread import LeaseThread
from respo.streams import Broken, Message
from respo.web_socket import SocketStream

if TYPE_CHECKING:
    from conftest import Connect
    from daemon import Respod


@pytest.mark.parametrize("linger", ["0", "10m"])
def test_a_ctrl_c_as_soon_as_it_asks_leaves_nothing_behind(
    linger: str, respod: Respod, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = LeaseThread.start

    def interrupted(thread: LeaseThread) -> None:
        start(thread)
        raise KeyboardInterrupt

    client = connect(respod)
    with monkeypatch.context() as patched:
        patched.setattr(LeaseThread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            client.acquire("bench-1", linger=linger)
    with client.lease("bench-1", wait="20s") as bench:
        assert bench.name == "bench-1"


@pytest.mark.parametrize("stopped", ["before", "after"])
def test_a_request_that_is_stopped_just_as_it_is_granted_leaves_nothing(
    stopped: str, respod: Respod, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive = SocketStream.receive
    threads: list[LeaseThread] = []
    start = LeaseThread.start

    def noted(thread: LeaseThread) -> None:
        threads.append(thread)
        start(thread)

    def racing(stream: SocketStream, within: float | None = None) -> Message:
        monkeypatch.setattr(SocketStream, "receive", receive)
        if stopped == "before":
            eventually("it has come", stream.mailbox.qsize)
            threads[0].stop()
            raise Broken("stopped before anybody looked")
        message = receive(stream, within)
        threads[0].stop()
        return message

    monkeypatch.setattr(LeaseThread, "start", noted)
    monkeypatch.setattr(SocketStream, "receive", racing)
    with respo.Client(respod.url, transport="websocket") as client:
        with pytest.raises(respo.Error):
            client.acquire("bench-1")
        client.acquire("bench-1", wait="20s").release()


def test_a_client_keeps_no_connection_that_is_broken(respod: Respod) -> None:
    with respo.Client(respod.url, transport="websocket") as client:
        client.acquire("bench-1").release()
        connection = weakref.ref(client._transport._connection)  # type: ignore[attr-defined]
        respod.restart()
        client.acquire("bench-1").release()

        def is_gone() -> bool:
            gc.collect()
            return connection() is None

        eventually("it is gone", is_gone)
