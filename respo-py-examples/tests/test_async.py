"""The twins for asyncio."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Coroutine
from http.client import HTTPConnection
from typing import Any, Callable

import pytest
from daemon import ONE_BENCH, Respod
from waiting import PATIENCE, announced

import respo
import respo.lock_stream
from respo.async_web_socket import AsyncSocketStream
from respo.streams import Pace

Run = Callable[[Callable[[respo.AsyncClient], Coroutine[Any, Any, None]]], None]


@pytest.fixture
def run(respod: Respod, transport: str) -> Run:
    """Run a coroutine with a client of a respod with one bench; nothing of it may be left."""
    return runner(respod, transport)


@pytest.fixture
def run_in_lab(lab: Respod, transport: str) -> Run:
    """The same, with five benches."""
    return runner(lab, transport)


def runner(respod: Respod, transport: str) -> Run:
    def run(main: Callable[[respo.AsyncClient], Coroutine[Any, Any, None]]) -> None:
        async def with_client() -> None:
            async with respo.AsyncClient(respod.url, transport=transport, name="tester") as client:
                await asyncio.wait_for(main(client), 2 * PATIENCE)
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left

        asyncio.run(with_client())
        assert [one.name for one in threading.enumerate() if one.name.startswith("respo")] == []

    return run


async def eventually(look: Callable[[], object]) -> None:
    async def looking() -> None:
        while not look():  # noqa: ASYNC110 what happens elsewhere is no event of this loop
            await asyncio.sleep(0.01)

    await asyncio.wait_for(looking(), PATIENCE)


def test_one_line_leases_a_bench(run: Run) -> None:
    async def main(client: respo.AsyncClient) -> None:
        async with client.lease("+can", wait="10m") as bench:
            assert (bench.name, bench.dut.socket) == ("bench-1", "127.0.0.1:4567")
            (lease,) = await client.leases()
            assert (lease.holder, lease.resources) == ("tester", ("bench-1",))
            with pytest.raises(respo.Busy, match="bench-1 is held by tester"):
                await client.acquire("bench-1", wait=0)
        await (await client.acquire("bench-1", wait=0)).release()
        assert repr(bench) == "<respo.AsyncLease 1 of bench-1, released>"

    run(main)


def test_the_module_itself_leases_in_each_event_loop_anew(
    respod: Respod, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESPO_URL", respod.url)

    async def main() -> int:
        bench = await respo.async_acquire("bench-1", wait=0)
        await bench.release()
        async with respo.async_lease("bench-1", wait=0) as bench:
            return bench.fence

    assert [asyncio.run(main()) for _ in range(3)] == [2, 4, 6]


def test_what_is_held_when_the_loop_ends_is_released(
    respod: Respod, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESPO_URL", respod.url)

    async def main() -> None:
        await respo.async_acquire("bench-1", linger="10m")

    asyncio.run(main())
    respo.Client(respod.url).acquire("bench-1", wait=0).release()


def test_errors_are_those_of_the_other_client(run: Run) -> None:
    async def main(client: respo.AsyncClient) -> None:
        with pytest.raises(respo.NoSuch, match="no resource is named"):
            await client.acquire("bench-9")
        with pytest.raises(respo.Invalid, match="0 is not a count"):
            await client.acquire(count=0)

    run(main)


def test_a_cancelled_task_leaves_the_queue(run: Run) -> None:
    async def main(client: respo.AsyncClient) -> None:
        queued = asyncio.Event()

        async def told(notice: respo.Notice) -> None:
            assert str(notice) == "position 1 of 1, bench-1 held by tester for 0 s"
            queued.set()

        async with client.lease("bench-1"):
            waiting = asyncio.create_task(client.acquire("bench-1", on_notice=told))
            await queued.wait()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            while await client.requests():  # noqa: ASYNC110 what respod does is no event here
                await asyncio.sleep(0)

    run(main)


@pytest.mark.parametrize("linger", ["0", "10m"])
def test_a_request_is_withdrawn_even_before_respod_has_answered(
    linger: str, respod: Respod, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()
    for kind, name in ((HTTPConnection, "getresponse"), (AsyncSocketStream, "receive")):
        monkeypatch.setattr(kind, name, announced(asked, getattr(kind, name)))

    async def main(client: respo.AsyncClient) -> None:
        await (await client.acquire("bench-1")).release()
        asked.clear()
        respod.signal(signal.SIGSTOP)
        try:
            asking = asyncio.create_task(client.acquire("bench-1", linger=linger))
            await eventually(asked.is_set)
            asking.cancel()
            await asyncio.sleep(0)
        finally:
            respod.signal(signal.SIGCONT)
        with pytest.raises(asyncio.CancelledError):
            await asking
        await client.close()
        await (await client.acquire("bench-1", wait="5s")).release()

    run(main)


def test_a_lease_outlives_a_killed_respod_with_the_same_fence(respod: Respod, run: Run) -> None:
    async def main(client: respo.AsyncClient) -> None:
        notices: list[respo.Notice] = []
        async with client.lease("bench-1", on_notice=notices.append) as bench:
            await asyncio.to_thread(respod.restart)
            await eventually(lambda: isinstance(notices[-1], respo.Resumed))
            assert (bench.name, bench.fence) == ("bench-1", 1)
        await (await client.acquire("bench-1", wait=0)).release()

    run(main)


def test_a_connection_with_nothing_to_say_is_not_taken_for_broken_but_a_silent_one_is(
    transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(respo.lock_stream, "PACE", Pace(limit=0.5, last_attempt=0.2))

    async def main(client: respo.AsyncClient) -> None:
        notices: list[respo.Notice] = []
        with pytest.raises(respo.LeaseLost, match="respod said nothing for") as caught:
            async with client.lease("bench-1", on_notice=notices.append):
                await asyncio.sleep(1.5)  # much longer than a silence may be here
                assert [type(notice) for notice in notices] == [respo.Granted]
                respod.signal(signal.SIGSTOP)
                await asyncio.sleep(PATIENCE)
        assert caught.value.reason == "disconnected"
        respod.signal(signal.SIGCONT)

    with Respod(ONE_BENCH, "--heartbeat", "200ms") as respod:
        runner(respod, transport)(main)


def test_a_lost_lease_raises_where_its_block_waits(respod: Respod, run: Run) -> None:
    async def main(client: respo.AsyncClient) -> None:
        lost: list[respo.LeaseLost] = []
        with pytest.raises(respo.LeaseLost, match="an administrator ended it") as caught:
            async with client.lease("bench-1", on_lost=lost.append) as bench:
                await asyncio.to_thread(respod.revoke_all)
                await asyncio.sleep(PATIENCE)
                pytest.fail("nothing was raised")
        assert caught.value.reason == bench.lost_reason == lost[0].reason == "revoked"
        # The task itself is not cancelled.
        await asyncio.sleep(0)

    run(main)


def test_a_task_that_is_cancelled_stays_cancelled_and_releases(run: Run) -> None:
    async def hold(client: respo.AsyncClient, held: asyncio.Event) -> None:
        async with client.lease("bench-1"):
            held.set()
            await asyncio.sleep(PATIENCE)

    async def main(client: respo.AsyncClient) -> None:
        held = asyncio.Event()
        task = asyncio.create_task(hold(client, held))
        await held.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await (await client.acquire("bench-1", wait=0)).release()

    run(main)


def test_with_interrupt_off_the_loss_is_raised_at_the_end_of_the_block(
    respod: Respod, run: Run
) -> None:
    async def main(client: respo.AsyncClient) -> None:
        with pytest.raises(respo.LeaseLost):
            async with client.lease("bench-1", interrupt=False) as bench:
                await asyncio.to_thread(respod.revoke_all)
                await eventually(lambda: bench.lost)
                with pytest.raises(respo.LeaseLost):
                    bench.check()

    run(main)


def test_twelve_tasks_that_contend_for_two_of_five_benches_never_share_one(
    run_in_lab: Run,
) -> None:
    holders: Counter[str] = Counter()
    served: Counter[int] = Counter()

    async def main(client: respo.AsyncClient) -> None:
        async def work(number: int) -> None:
            for _ in range(5):
                async with client.lease("2") as lease:
                    holders.update(lease.names)
                    assert set(holders.values()) <= {0, 1}
                    await asyncio.sleep(0)
                    holders.subtract(lease.names)
                    served[number] += 1

        await asyncio.gather(*(work(number) for number in range(12)))

    run_in_lab(main)
    assert served == dict.fromkeys(range(12), 5)
    assert set(holders.values()) == {0}


def test_events_and_lists_are_there_too(run_in_lab: Run) -> None:
    async def main(client: respo.AsyncClient) -> None:
        async with client.events() as events:
            async with client.lease("bench-4"):
                told = [await events.__anext__() for _ in range(2)]
        assert [event.what for event in told] == ["queued", "granted"]
        assert {one.name for one in await client.list(location="office1")} == {"bench-1", "bench-2"}
        assert (await client.status()).pools[0].name == "lab"
        assert await client.stacks() == []

    run_in_lab(main)


HOLD = """
import asyncio, respo
async def main():
    client = respo.AsyncClient({url!r}, transport={transport!r})
    bench = await client.acquire("bench-1", linger="10m")
    print("held")
    await asyncio.sleep(60)
asyncio.run(main())
"""


def test_a_signal_that_ends_the_process_releases_first(respod: Respod, transport: str) -> None:
    source = HOLD.format(url=respod.url, transport=transport)
    program = subprocess.Popen(
        [sys.executable, "-u", "-c", source], stdout=subprocess.PIPE, text=True
    )
    with program:
        assert program.stdout is not None
        assert program.stdout.readline() == "held\n"
        program.terminate()
        assert program.wait(PATIENCE) == -signal.SIGTERM
    respo.Client(respod.url).acquire("bench-1", wait=0).release()


FORK = """
import asyncio, os, time, respo
async def main():
    client = respo.AsyncClient({url!r}, transport={transport!r})
    bench = await client.acquire("bench-1")
    child = os.fork()
    if child == 0:
        assert bench.lost_reason == "forked"
        time.sleep(60)
        os._exit(0)
    print(child)
    await asyncio.sleep(60)
asyncio.run(main())
"""


def test_a_forked_child_keeps_nothing(respod: Respod, transport: str) -> None:
    source = FORK.format(url=respod.url, transport=transport)
    program = subprocess.Popen(
        [sys.executable, "-u", "-c", source], stdout=subprocess.PIPE, text=True
    )
    with program:
        assert program.stdout is not None
        child = int(program.stdout.readline())
        try:
            program.kill()
            # That is long before respod would notice that a client says nothing.
            respo.Client(respod.url).acquire("bench-1", wait="10s").release()
        finally:
            os.kill(child, signal.SIGKILL)


def test_closing_events_ends_whoever_waits_for_the_next(run: Run) -> None:
    async def main(client: respo.AsyncClient) -> None:
        async with client.events() as events:
            left: list[respo.Event] = []

            async def wait() -> None:
                left.extend([event async for event in events])

            waiting = [asyncio.create_task(wait()) for _ in range(2)]
            while len(events._events._getters) < 2:  # type: ignore[attr-defined]  # noqa: ASYNC110
                await asyncio.sleep(0)
            await events.aclose()
            await asyncio.gather(*waiting)
            assert left == []
            with pytest.raises(StopAsyncIteration):
                await events.__anext__()

    run(main)
