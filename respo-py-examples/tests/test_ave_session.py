"""How long an AVE client's session lasts."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ave_lab import Phones, handset, relay
from daemon import unused_port
from waiting import eventually

import respo
from respo.ave import Broker, Busy, NoSuch, Restarting, SessionClosed

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def phones() -> Iterator[Phones]:
    """A respod with handsets and relays."""
    with Phones() as daemon:
        yield daemon


def test_a_broker_that_is_collected_gives_everything_back(phones: Phones) -> None:
    broker = phones.broker()
    got_handset, got_relay, workspace = broker.get(
        (handset("CB1"), relay("a")), {"type": "workspace"}
    )
    del broker
    gc.collect()
    assert phones.broker().get(handset("CB1"), relay("a"))
    assert not Path(workspace.path).exists()
    assert (got_handset.profile["serial"], got_relay.profile["uid"]) == ("CB1", "a")


def test_a_broker_in_a_cycle_is_collected_in_any_thread(phones: Phones) -> None:
    broker = phones.broker()
    broker.get(handset("CB1"))
    broker.itself = broker  # type: ignore[attr-defined]
    del broker
    thread = threading.Thread(target=gc.collect)
    thread.start()
    thread.join()
    assert phones.broker().get(handset("CB1"))


def test_equipment_whose_broker_went_out_of_scope_is_given_back(phones: Phones) -> None:
    def allocate() -> respo.ave.Equipment:
        return phones.broker().get(handset("CB1"))  # type: ignore[no-any-return]

    got = allocate()
    gc.collect()
    assert not got.lease.lost
    with pytest.raises(respo.Error, match="released"):
        got.lease.check()


def test_a_broker_gives_back_at_the_end_of_a_block_and_once_it_is_closed(phones: Phones) -> None:
    with phones.broker() as broker:
        broker.get(handset("CB1"))
    with pytest.raises(SessionClosed, match="the broker was closed"):
        broker.get(handset("CB1"))
    broker.close()
    assert phones.broker().get(handset("CB1"))


CLIENT = """
    import sys
    from respo.ave import Broker
    broker = Broker(sys.argv[1])
    handset, relay = broker.get({"type": "handset", "serial": "CB1"}, {"type": "relay"})
    print(relay.profile["uid"], flush=True)
    sys.stdin.readline()
    END
"""


def client(phones: Phones, end: str) -> subprocess.Popen[str]:
    """Start a process that allocates, says so, and does ``end`` when it is told a line."""
    script = textwrap.dedent(CLIENT).replace("END", end)
    process = subprocess.Popen(
        [sys.executable, "-c", script, phones.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "a\n"
    with pytest.raises(Busy):
        phones.broker().get(handset("CB1"))
    return process


def free(phones: Phones, serial: str) -> None:
    """Wait until a handset can be allocated."""

    def attempt() -> bool:
        try:
            with phones.broker() as broker:
                broker.get(handset(serial))
        except Busy:
            return False
        return True

    eventually(f"handset {serial} is free", attempt)


def test_a_client_that_is_killed_loses_everything_at_once(phones: Phones) -> None:
    with client(phones, "pass") as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        free(phones, "CB1")


@pytest.mark.parametrize("end", ["pass", "raise ValueError", "sys.exit(3)"])
def test_a_client_that_ends_has_given_everything_back_by_then(phones: Phones, end: str) -> None:
    with client(phones, end) as process:
        process.communicate("go on\n")
        assert phones.broker().get(handset("CB1"), relay("a"))


def test_a_forked_child_gives_nothing_back_when_it_ends(phones: Phones) -> None:
    broker = phones.broker()
    _, workspace = broker.get(handset("CB1"), {"type": "workspace"})
    child = os.fork()
    if child == 0:
        broker.close()
        os._exit(0)
    os.waitpid(child, 0)
    with pytest.raises(Busy):
        phones.broker().get(handset("CB1"))
    assert Path(workspace.path).is_dir()
    assert len(broker.list_allocations()) == 2


def test_several_brokers_at_once_never_have_the_same(phones: Phones) -> None:
    together = threading.Barrier(6)
    got: list[str] = []
    held: list[Broker] = []
    busy: list[Busy] = []

    def one() -> None:
        broker = phones.broker()
        together.wait()
        try:
            _, got_relay = broker.get({"type": "handset"}, {"type": "relay"})
        except Busy as error:
            busy.append(error)
        else:
            got.append(got_relay.profile["uid"])
            held.append(broker)

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Who has a relay with handset 2 keeps the other relay from everybody.
    assert len(got) == len(set(got))
    assert 1 <= len(got) <= 2
    assert len(got) + len(busy) == 6


def test_a_respod_that_is_away_is_restarting_and_what_was_allocated_stays(phones: Phones) -> None:
    broker = phones.broker()
    got = broker.get(handset("CB1"))
    phones.kill()
    with pytest.raises(Restarting, match="nothing listens") as raised:
        broker.get(handset("CB3"))
    assert isinstance(raised.value, respo.Unavailable)
    with pytest.raises(Restarting):
        broker.list_equipment()
    phones.start()
    assert broker.get(handset("CB3")).profile == handset("CB3")
    assert broker.list_allocations() == [got.profile, handset("CB3")]
    eventually("the first lease is taken up again", lambda: not got.lease.lost)
    with pytest.raises(Busy):
        phones.broker().get(handset("CB1"))


def test_a_respod_that_was_never_there_is_restarting(phones: Phones) -> None:
    del phones
    with pytest.raises(Restarting):
        Broker(("127.0.0.1", unused_port())).get({"type": "handset"})


def test_a_respod_that_is_draining_is_restarting() -> None:
    arguments = ("--store", "memory", "--drain-timeout", "1m")
    with Phones(*arguments) as phones:
        broker = phones.broker(timeout=0.5)
        got = broker.get(handset("CB1"))
        phones.signal(signal.SIGTERM)

        def is_restarting() -> bool:
            try:
                broker.yield_resources(broker.get(handset("CB3")))
            except Restarting:
                return True
            return False

        eventually("respod drains", is_restarting)
        assert broker.list_allocations() == [got.profile]


def test_a_lost_lease_is_no_allocation_any_more(phones: Phones) -> None:
    broker = phones.broker(timeout=0.5)
    got = broker.get(handset("CB1"))
    phones.kill()
    phones.forget_everything()
    phones.start()
    eventually("the lease is lost", lambda: got.lease.lost)
    assert broker.list_allocations() == []
    with pytest.raises(NoSuch, match="or not any more"):
        broker.yield_resources(got)
    assert broker.get(handset("CB1")).profile == got.profile
