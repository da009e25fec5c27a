"""A lease that is lost in mid-use."""

from __future__ import annotations

import asyncio
import functools
import pickle
import threading
import time
import traceback
from typing import TYPE_CHECKING

import pytest
from waiting import PATIENCE, eventually

import respo

if TYPE_CHECKING:
    from conftest import Connect
    from daemon import Respod


def work_for_long() -> None:
    """Do what a test does that does not look at its lease."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        time.sleep(0.001)


def test_a_lost_lease_raises_in_the_block_that_holds_it(respod: Respod, connect: Connect) -> None:
    with pytest.raises(
        respo.LeaseLost, match="lease 1 was lost: an administrator ended it"
    ) as caught:
        with connect(respod).lease("bench-1") as bench:
            threading.Thread(target=respod.revoke_all).start()
            work_for_long()
            pytest.fail("nothing was raised")
    assert caught.value.reason == "revoked"
    assert (bench.lost, bench.lost_reason) == (True, "revoked")
    # What the block was doing is in the traceback, and nothing of this package.
    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert frames[-1] == "work_for_long"
    assert "respo.LeaseLost: lease 1 was lost" in caught.exconly()
    # It can be passed on to other processes.
    passed_on = pickle.loads(pickle.dumps(caught.value))
    assert type(passed_on) is respo.LeaseLost
    assert (str(passed_on), passed_on.reason) == (str(caught.value), "revoked")


def test_a_lost_lease_raises_in_the_thread_that_holds_it_and_in_no_other(
    lab: Respod, connect: Connect
) -> None:
    client = connect(lab)
    outcomes: dict[str, str] = {}
    both = threading.Barrier(3)

    def hold(name: str) -> None:
        try:
            with client.lease(name):
                both.wait()
                work_for_long()
        except respo.LeaseLost as lost:
            outcomes[name] = str(lost)

    threads = [threading.Thread(target=hold, args=(name,)) for name in ("bench-1", "bench-2")]
    for thread in threads:
        thread.start()
    both.wait()
    lab.revoke_all(2)
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["bench-1", "bench-2"]
    assert all("an administrator ended it" in outcome for outcome in outcomes.values())


def test_with_interrupt_off_the_loss_is_raised_on_use_and_at_the_end_of_the_block(
    respod: Respod, connect: Connect
) -> None:
    with pytest.raises(respo.LeaseLost, match="an administrator ended it"):
        with connect(respod).lease("bench-1", interrupt=False) as bench:
            respod.revoke_all()
            eventually("it is lost", lambda: bench.lost)
            for use in (
                bench.check,
                lambda: bench.name,
                lambda: bench.resources,
                lambda: bench.dut,
            ):
                with pytest.raises(respo.LeaseLost):
                    use()
            assert (bench.id, bench.names) == (1, ("bench-1",))
            assert repr(bench) == "<respo.Lease 1 of bench-1, lost>"
    assert bench.lost


def test_another_exception_that_is_under_way_is_kept(respod: Respod, connect: Connect) -> None:
    with pytest.raises(ZeroDivisionError), connect(respod).lease("bench-1", interrupt=False) as one:
        respod.revoke_all()
        eventually("it is lost", lambda: one.lost)
        _ = 1 / 0


def test_nothing_is_raised_once_the_block_is_left(respod: Respod, connect: Connect) -> None:
    lost = threading.Event()
    client = connect(respod)
    bench = client.acquire("bench-1", on_lost=lambda _: lost.set())
    # Without a block, nothing is raised at all.
    respod.revoke_all()
    assert lost.wait(PATIENCE)
    work = sum(range(1000))
    assert work
    with pytest.raises(respo.LeaseLost):
        bench.check()
    bench.release()
    assert bench.lost


def test_whoever_waits_for_a_second_bench_is_told_of_the_loss_of_the_first(
    lab: Respod, connect: Connect
) -> None:
    client = connect(lab)
    blocker = respo.Client(lab.url).acquire("bench-2")
    waits = threading.Event()

    is_told = threading.Event()
    had_to_wait: list[bool] = []

    def revoke_first() -> None:
        assert waits.wait(PATIENCE)
        lab_calls = respo.Client(lab.url, token=lab.administrator, transport="http").calls
        lab_calls.call("DELETE", "/v1/leases/2")
        if not is_told.wait(PATIENCE):
            had_to_wait.append(True)
            blocker.release()

    watching = threading.Thread(target=revoke_first)
    watching.start()
    with pytest.raises(respo.LeaseLost, match="lease 2 was lost"), client.lease("bench-1"):
        with client.lease("bench-2", on_notice=lambda _: waits.set()):
            pytest.fail("it is held by somebody else")
    is_told.set()
    watching.join()
    assert not had_to_wait
    eventually("it has left the queue", lambda: not client.requests())
    blocker.release()


def test_an_event_loop_is_not_interrupted_by_a_lease_for_threads(
    respod: Respod, connect: Connect
) -> None:
    finished: list[bool] = []

    async def main() -> None:
        lost = asyncio.Event()
        loop = asyncio.get_running_loop()
        on_lost = functools.partial(loop.call_soon_threadsafe, lost.set)
        with connect(respod).lease("bench-1", on_lost=lambda _: on_lost()):
            await asyncio.to_thread(respod.revoke_all)
            await asyncio.wait_for(lost.wait(), PATIENCE)
            await asyncio.sleep(0)
            finished.append(True)

    with pytest.raises(respo.LeaseLost):
        asyncio.run(main())
    assert finished


def test_an_exception_in_on_lost_is_logged(
    respod: Respod, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    def told(lost: respo.LeaseLost) -> None:
        raise KeyError(lost.reason)

    bench = connect(respod).acquire("bench-1", on_lost=told)
    respod.revoke_all()
    eventually("it is logged", lambda: "on_lost failed" in caplog.text)
    assert bench.lost
