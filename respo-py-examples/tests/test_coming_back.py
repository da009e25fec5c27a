"""What happens to leases when respod goes away, and comes back or does not."""

from __future__ import annotations

import signal
import threading
import time
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest
from daemon import ONE_BENCH, Respod
from waiting import announced, eventually

import respo
import respo.lock_stream
from respo.streams import Pace
from respo.web_socket import SocketStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Connect


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[Respod]:
    """A respod that pings often, so that its silence is noticed soon; over HTTP, too."""
    monkeypatch.setattr(respo.lock_stream, "PACE", Pace(limit=0.5, last_attempt=0.2))
    with Respod(ONE_BENCH, "--heartbeat", "200ms") as daemon:
        yield daemon


def test_a_lease_outlives_a_killed_respod_with_the_same_fence(
    respod: Respod, connect: Connect
) -> None:
    notices: list[respo.Notice] = []
    with connect(respod).lease("bench-1", on_notice=notices.append) as bench:
        before = (bench.id, bench.fence, bench.since, bench.dut.socket)
        respod.restart()
        eventually("it is back", lambda: isinstance(notices[-1], respo.Resumed))
        assert (bench.id, bench.fence, bench.since, bench.dut.socket) == before
        kinds = [type(notice) for notice in notices]
        assert kinds == [respo.Granted, respo.Away, respo.Resumed]
        with pytest.raises(respo.Busy):
            connect(respod).acquire("bench-1", wait=0)
        # It is followed on the new connection as it was on the old one.
        respod.restart()
        eventually("it is back again", lambda: kinds_of(notices).count(respo.Resumed) == 2)
    connect(respod).acquire("bench-1", wait=0).release()


def test_a_respod_that_stops_in_good_order_says_so(respod: Respod, connect: Connect) -> None:
    notices: list[respo.Notice] = []
    with connect(respod).lease("bench-1", on_notice=notices.append) as bench:
        respod.stop()
        eventually("it has said so", lambda: respo.Draining in kinds_of(notices))
        respod.start()
        eventually("it is back", lambda: respo.Resumed in kinds_of(notices))
        bench.check()
        assert "respod restarts and keeps the lease" in map(str, notices)


def test_whoever_waits_keeps_the_place_over_a_restart(respod: Respod, connect: Connect) -> None:
    notices: list[respo.Notice] = []
    holder = connect(respod).acquire("bench-1")
    fences: list[int] = []

    def wait() -> None:
        with connect(respod).lease("bench-1", on_notice=notices.append) as bench:
            fences.append(bench.fence)

    waiting = threading.Thread(target=wait)
    waiting.start()
    eventually("it waits", lambda: notices)
    number = eventually("it is listed", lambda: connect(respod).requests())[0].id
    respod.restart()
    eventually("it is back", lambda: respo.Resumed in kinds_of(notices))
    eventually("the holder is back", lambda: connect(respod).list(state="leased"))
    assert [one.id for one in connect(respod).requests()] == [number]
    holder.check()
    holder.release()
    waiting.join()
    assert fences == [2]


def test_a_respod_that_keeps_nothing_says_how_long_there_is_to_finish(connect: Connect) -> None:
    held: list[respo.Notice] = []
    outcomes: list[respo.Error] = []
    with Respod(ONE_BENCH, "--store", "memory", "--drain-timeout", "1s") as respod:
        client = connect(respod)
        bench = client.acquire("bench-1", on_notice=held.append)
        told = threading.Event()

        def wait() -> None:
            try:
                client.acquire("bench-1", on_notice=lambda _: told.set())
            except respo.Error as error:
                outcomes.append(error)

        waiting = threading.Thread(target=wait)
        waiting.start()
        assert told.wait(30)
        respod.signal(signal.SIGTERM)
        waiting.join()
        eventually("it is told", lambda: respo.Draining in kinds_of(held))
        draining = next(notice for notice in held if isinstance(notice, respo.Draining))
        assert draining.deadline_seconds == 1.0
        assert str(draining) == "respod stops and ends the lease in 1 s"
        eventually("the lease is over", lambda: bench.lost)
        assert bench.lost_reason == "draining"
    (outcome,) = outcomes
    assert isinstance(outcome, respo.Restarting)


def test_a_lease_that_a_new_respod_does_not_know_is_lost(respod: Respod, connect: Connect) -> None:
    lost = threading.Event()
    bench = connect(respod).acquire("bench-1", on_lost=lambda _: lost.set())
    respod.kill()
    respod.forget_everything()
    respod.start()
    assert lost.wait(30)
    assert (bench.lost, bench.lost_reason) == (True, "gone")
    with pytest.raises(respo.LeaseLost, match="lease 1 ended while the connection was broken"):
        bench.check()


def test_a_respod_that_is_silent_for_too_long_costs_the_lease(
    quick: Respod, connect: Connect
) -> None:
    lost: list[respo.LeaseLost] = []
    bench = connect(quick).acquire("bench-1", on_lost=lost.append)
    quick.signal(signal.SIGSTOP)
    try:
        eventually("it is given up", lambda: lost)
    finally:
        quick.signal(signal.SIGCONT)
    assert bench.lost_reason == "disconnected"
    assert "respod said nothing for" in str(lost[0])


def test_a_lingering_lease_outlives_a_silence(quick: Respod, connect: Connect) -> None:
    notices: list[respo.Notice] = []
    with connect(quick).lease("bench-1", linger="1m", on_notice=notices.append) as bench:
        quick.signal(signal.SIGSTOP)
        try:
            eventually("the silence is noticed", lambda: respo.Away in kinds_of(notices))
            away = next(notice for notice in notices if isinstance(notice, respo.Away))
            assert away.seconds_left is not None
            assert away.seconds_left > 50
        finally:
            quick.signal(signal.SIGCONT)
        eventually("it is back", lambda: respo.Resumed in kinds_of(notices))
        bench.check()


def test_a_respod_that_is_not_there_for_long_costs_nothing(quick: Respod, connect: Connect) -> None:
    notices: list[respo.Notice] = []
    with connect(quick).lease("bench-1", on_notice=notices.append) as bench:
        quick.kill()
        eventually("it is noticed", lambda: respo.Away in kinds_of(notices))
        time.sleep(1.5)  # much longer than a silence may be here
        quick.start()
        eventually("it is back", lambda: respo.Resumed in kinds_of(notices))
        bench.check()


def test_a_connection_with_nothing_to_say_is_not_taken_for_broken(
    quick: Respod, connect: Connect
) -> None:
    notices: list[respo.Notice] = []
    with connect(quick).lease("bench-1", on_notice=notices.append):
        time.sleep(1.5)  # much longer than a silence may be here
        assert kinds_of(notices) == [respo.Granted]


def test_a_lingering_lease_is_released_all_the_same(respod: Respod, connect: Connect) -> None:
    client = connect(respod)
    with client.lease("bench-1", linger="10m"):
        pass
    client.acquire("bench-1", wait=0).release()


@pytest.mark.parametrize("linger", ["0", "10m"])
def test_a_request_is_withdrawn_even_before_respod_has_answered(
    linger: str, respod: Respod, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = connect(respod)
    client.acquire("bench-1").release()
    asked = threading.Event()
    for kind, name in ((HTTPConnection, "getresponse"), (SocketStream, "receive")):
        monkeypatch.setattr(kind, name, announced(asked, getattr(kind, name)))
    lease = client.lease("bench-1", linger=linger)
    outcomes: list[respo.Error] = []

    def ask() -> None:
        try:
            lease.acquire()
        except respo.Error as error:
            outcomes.append(error)

    respod.signal(signal.SIGSTOP)
    try:
        asking = threading.Thread(target=ask)
        asking.start()
        assert asked.wait(30)
        releasing = threading.Thread(target=lease.release)
        releasing.start()
        eventually("it is to be released", lambda: lease._is_released)
    finally:
        respod.signal(signal.SIGCONT)
    releasing.join()
    asking.join()
    connect(respod).acquire("bench-1", wait="5s").release()
    assert all("was withdrawn here" in str(outcome) for outcome in outcomes)


def test_a_lease_is_released_although_respod_is_away_for_a_moment(
    respod: Respod, connect: Connect
) -> None:
    bench = connect(respod).acquire("bench-1")
    respod.kill()
    releasing = threading.Thread(target=bench.release)
    releasing.start()
    respod.start()
    releasing.join()
    connect(respod).acquire("bench-1", wait=0).release()


def test_a_release_that_does_not_succeed_is_logged_and_raises_nothing(
    respod: Respod, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    bench = connect(respod, timeout=0.2).acquire("bench-1")
    respod.kill()
    bench.release()
    assert not bench.lost
    assert "lease 1 was not released, it ends by itself: nothing listens at" in caplog.text


def kinds_of(notices: list[respo.Notice]) -> list[type]:
    """Return what they are."""
    return [type(notice) for notice in notices]
