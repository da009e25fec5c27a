"""Allocations live as long as their heartbeat, and whoever loses one is told."""

from __future__ import annotations

import gc
import signal
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from daemon import Respod
from keys import administrator
from machines import MACHINES
from test_process import Program
from waiting import eventually

import respo
from respo.provisioner import Allocation, Provisioner
from respo.provisioner.heartbeat import Heartbeat

BEGINNING = """
from respo.provisioner import Provisioner, hardware
provisioner = Provisioner({url!r})
"""


@pytest.fixture
def respod() -> Iterator[Respod]:
    """A respod with two machines."""
    with Respod(MACHINES) as daemon:
        yield daemon


@pytest.fixture
def client(respod: Respod) -> Iterator[respo.Client]:
    """A client of it."""
    with respo.Client(respod.url) as one:
        yield one


@pytest.fixture
def provisioner(respod: Respod) -> Provisioner:
    """Where hardware is allocated."""
    return Provisioner(respod.url)


@pytest.fixture
def programs() -> Iterator[list[Program]]:
    """End what a test has started."""
    started: list[Program] = []
    yield started
    for program in started:
        program.process.kill()
        program.process.communicate()


def start(respod: Respod, programs: list[Program], body: str) -> Program:
    """Start a program that allocates hardware."""
    programs.append(Program(respod, "http", BEGINNING.format(url=respod.url) + body))
    return programs[-1]


def is_renewed(client: respo.Client, allocation: Allocation, times: int = 1) -> None:
    """Wait until heartbeats have moved the end of an allocation."""

    def expires() -> Any:
        return {lease.id: lease.expires for lease in client.leases()}[allocation.id]

    for _ in range(times):
        before = expires()
        eventually("a heartbeat comes", lambda before=before: expires() > before)  # type: ignore[misc]


def test_the_heartbeat_keeps_it_alive(provisioner: Provisioner, client: respo.Client) -> None:
    with provisioner.allocate({"host": {"ssd": False}}, ttl=1) as allocation:
        is_renewed(client, allocation, times=4)
        assert not allocation.lost
        assert allocation.hosts.host.name == "small"


def test_what_a_stopped_process_had_expires_and_the_process_is_told(
    respod: Respod, client: respo.Client, programs: list[Program]
) -> None:
    program = start(
        respod,
        programs,
        """
with provisioner.allocate({"host": {"gpu": 1}}, ttl=1) as allocation:
    print("held", flush=True)
    try:
        while True:
            time.sleep(0.01)
    except respo.LeaseLost as lost:
        print(lost.reason, allocation.lost)
""",
    )
    with client.events() as events:
        program.expect("held")
        program.process.send_signal(signal.SIGSTOP)
        ended = next(event for event in events if event.what == "ended")
        assert ended.reason == "expired"
        with Provisioner(respod.url).allocate({"host": {"gpu": 1}}, wait=0):
            program.process.send_signal(signal.SIGCONT)
            program.expect("expired True")
    # It is raised again at the end of the block, for whoever has not heard of it.
    code, said = program.end()
    assert (code, said.count("LeaseLost")) == (1, 1)


def test_a_loss_that_nobody_noticed_is_raised_at_the_end_of_the_block(
    client: respo.Client, provisioner: Provisioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("respo.provisioner.heartbeat._BEATS", 0.001)
    with client.events() as events, pytest.raises(respo.LeaseLost) as lost:
        with provisioner.allocate({"host": {}}, ttl=1):
            assert next(event for event in events if event.what == "ended").reason == "expired"
    assert lost.value.reason == "expired"


def test_a_heartbeat_that_is_overdue_is_sent_before_the_hosts_are_used(
    client: respo.Client, provisioner: Provisioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("respo.provisioner.heartbeat._BEATS", 0.001)
    with client.events() as events, pytest.raises(respo.LeaseLost) as lost:
        with provisioner.allocate({"host": {}}, ttl=1) as allocation:
            assert next(event for event in events if event.what == "ended").reason == "expired"
            _ = allocation.hosts
            pytest.fail("the hosts are another's by now")
    assert lost.value.reason == "expired"


def test_what_a_killed_process_had_expires(
    respod: Respod, client: respo.Client, programs: list[Program]
) -> None:
    program = start(
        respod,
        programs,
        """
allocation = provisioner.allocate({"host": {}}, ttl=1)
print("held", flush=True)
time.sleep(600)
""",
    )
    with client.events() as events:
        program.expect("held")
        program.process.kill()
        assert next(event for event in events if event.what == "ended").reason == "expired"


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("pass", 0),
        ("sys.exit(3)", 3),
        ("raise KeyError('mine')", 1),
        ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(600)", -signal.SIGTERM),
    ],
)
def test_the_end_of_the_process_releases(
    respod: Respod, client: respo.Client, programs: list[Program], ending: str, code: int
) -> None:
    with client.events() as events:
        program = start(
            respod, programs, f"allocation = provisioner.allocate({{'host': {{}}}})\n{ending}\n"
        )
        assert next(event for event in events if event.what == "ended").reason == "released"
    assert program.end()[0] == code


def test_what_is_forgotten_is_released(provisioner: Provisioner, client: respo.Client) -> None:
    allocation = provisioner.allocate({"host": {}})
    assert client.leases()
    del allocation
    gc.collect()
    eventually("it is released", lambda: not client.leases())


def test_a_forked_child_neither_has_nor_releases_it(
    respod: Respod, client: respo.Client, programs: list[Program]
) -> None:
    program = start(
        respod,
        programs,
        """
with provisioner.allocate({"host": {"ssd": False}}) as allocation:
    child = os.fork()
    if not child:
        try:
            allocation.hosts
        except respo.LeaseLost as lost:
            print(lost.reason, flush=True)
        allocation.release()
        os._exit(0)
    os.waitpid(child, 0)
    print(allocation.hosts.host.name, flush=True)
""",
    )
    program.expect("forked")
    program.expect("small")
    assert program.end()[0] == 0
    assert client.leases() == []


def test_a_revoked_allocation_raises_in_its_block(respod: Respod, provisioner: Provisioner) -> None:
    told: list[respo.LeaseLost] = []
    with pytest.raises(respo.LeaseLost) as lost:
        with provisioner.allocate({"host": {}}, ttl=1, on_lost=told.append):
            administrator(respod).clear_all()
            eventually("LeaseLost is raised", lambda: None)
    assert lost.value.reason == told[0].reason == "revoked"


def test_without_interruption_the_loss_is_raised_where_hosts_are_used(
    respod: Respod, provisioner: Provisioner
) -> None:
    allocation = provisioner.allocate({"host": {}}, ttl=1, interrupt=False)
    with pytest.raises(KeyError, match="mine"), allocation:
        administrator(respod).clear_all()
        eventually("it is lost", lambda: allocation.lost)
        with pytest.raises(respo.LeaseLost):
            _ = allocation.hosts
        raise KeyError("mine")
    with pytest.raises(respo.LeaseLost), allocation:
        pytest.fail("a lost allocation cannot be entered")


def test_a_restart_of_respod_takes_nothing_away() -> None:
    with Respod(MACHINES, "--grace", "1s") as respod, respo.Client(respod.url) as client:
        with Provisioner(respod.url).allocate({"host": {"gpu": 1}}, ttl=1) as allocation:
            heartbeat: Any = allocation._heartbeat
            respod.kill()
            for _ in range(5):  # longer than its ttl
                before = heartbeat._lifetime.ends
                eventually("one fails", lambda before=before: heartbeat._lifetime.ends > before)  # type: ignore[misc]
            respod.start()
            is_renewed(client, allocation, times=4)
            assert allocation.hosts.host.name == "large"
        assert client.leases() == []


def test_a_respod_that_does_not_answer_loses_it_although_calls_may_take_longer(
    respod: Respod,
) -> None:
    provisioner = Provisioner(respod.url, timeout=600)
    with pytest.raises(respo.LeaseLost) as lost:
        with provisioner.allocate({"host": {}}, ttl=1, interrupt=False) as allocation:
            respod.signal(signal.SIGSTOP)
            eventually("it is lost", lambda: allocation.lost)
            heartbeat: Any = allocation._heartbeat
            eventually("nobody waits for an answer", lambda: heartbeat.join(0))
    assert lost.value.reason == "expired"
    respod.signal(signal.SIGCONT)


def test_a_name_server_that_does_not_answer_loses_it(
    provisioner: Provisioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, resolve = threading.Event(), socket.getaddrinfo

    def hang(*arguments: Any, **more: Any) -> Any:
        goes_on.wait()
        return resolve(*arguments, **more)

    allocation = provisioner.allocate({"host": {}}, ttl=1)
    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        eventually("it is lost", lambda: allocation.lost)
    finally:
        goes_on.set()
    with pytest.raises(respo.LeaseLost, match="did not answer in time"):
        allocation.check()


def test_a_heartbeat_that_has_not_begun_can_be_stopped_and_joined(
    provisioner: Provisioner,
) -> None:
    told: list[respo.LeaseLost] = []
    heartbeat = Heartbeat(provisioner.leases, 1, "secret", ttl=1, asked_at=0, on_lost=told.append)
    heartbeat.stop()
    assert heartbeat.join()
