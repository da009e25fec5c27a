"""What respod shows of what there is, and tells of what happens."""

from __future__ import annotations

import threading
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest
from daemon import Respod
from waiting import eventually

import respo
from respo.address import Address

if TYPE_CHECKING:
    from conftest import Connect

PHONES = """
pool:
  name: phones
  stacks: [[phone-1, relay-1]]
  max_leases: {per_holder: 1}
  resources:
    phone-1: {properties: {gsm: {operator: GTE}, radios: [gsm, lte], version: "1.10"}}
    phone-2: {properties: {gsm: {operator: PTT}}, entities: {sim: {properties: {pin: "0000"}}}}
    relay-1: {attributes: [relay]}
"""


def names(resources: list[respo.ResourceState]) -> set[str]:
    return {one.name for one in resources}


def test_resources_are_listed_by_what_they_are(lab: Respod) -> None:
    client = respo.Client(lab.url)
    assert len(client.list()) == 5
    assert names(client.list(location="office1", attributes=["can", "lin"])) == {"bench-1"}
    assert names(client.list(resource=["bench-1", "bench-5"])) == {"bench-1", "bench-5"}
    assert names(client.list(entities=[["arm64"], ["jtag"]])) == {"bench-1"}
    assert names(client.list(properties={"slots": 4})) == {"bench-3"}
    assert names(client.list(where="size(entities) > 1")) == {"bench-1"}
    (bench,) = client.list(resource="bench-1")
    assert (bench.pool, bench.state, bench.location) == ("lab", "free", "office1")
    assert bench.entities == {"dut": {"arm64"}, "programmer": {"jtag"}}
    with pytest.raises(TypeError, match="there is no argument 'count'"):
        client.list(count=2)  # type: ignore[call-arg]


def test_resources_are_listed_by_how_they_stand(lab: Respod, connect: Connect) -> None:
    client = connect(lab, name="ci-88")
    with client.lease("bench-1", description="nightly"):
        eventually("it is listed", lambda: names(client.list(state="leased")) == {"bench-1"})
        assert len(client.list(state=("free", "leased"))) == 5
        (bench,) = client.list(state="leased", pool="lab")
        assert bench.lease is not None
        assert (bench.lease.holder, bench.lease.description) == ("ci-88", "nightly")
    with pytest.raises(respo.Invalid, match="state"):
        client.list(state="broken")
    with pytest.raises(respo.Invalid, match="no-such"):
        client.list(pool="no-such")


def test_properties_may_be_nested_lists_texts_and_those_of_entities() -> None:
    with Respod(PHONES) as respod:
        client = respo.Client(respod.url)
        assert names(client.list(properties={"gsm": {"operator": "GTE"}})) == {"phone-1"}
        assert names(client.list(properties={"gsm.operator": "PTT"})) == {"phone-2"}
        assert names(client.list(properties={"radios": ["lte"]})) == {"phone-1"}
        assert names(client.list(properties={"version": "1.10"})) == {"phone-1"}
        assert names(client.list(entities=[{"properties": {"pin": "0000"}}])) == {"phone-2"}
        assert names(client.list(entities=[[{"pin": "0000"}]])) == {"phone-2"}
        assert client.stacks() == [respo.Stack("phones", ("phone-1", "relay-1"))]


def test_what_is_wired_together_and_limits_are_told_in_words(connect: Connect) -> None:
    with Respod(PHONES) as respod:
        client = connect(respod, name="alice")
        told: list[respo.Notice] = []
        with client.lease("phone-1"):
            eventually("it is listed", lambda: client.list(state="collateral"))
            assert names(client.list(state="collateral")) == {"relay-1"}
            with pytest.raises(respo.Busy, match="relay-1"):
                connect(respod, name="bob").acquire("relay-1", wait=0)
            with pytest.raises(respo.Busy):
                client.acquire("phone-2", wait="100ms", on_notice=told.append)
        assert "one holder may have 1 lease at a time" in str(told[0])


def test_what_is_held_and_what_waits_is_listed(respod: Respod, connect: Connect) -> None:
    client = connect(respod)
    queued = threading.Event()

    def wait() -> None:
        client.acquire("+can", name="bob", priority=3, on_notice=lambda _: queued.set()).release()

    with client.lease("bench-1", name="alice", max_duration="1h"):
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert queued.wait(30)
        (lease,) = client.leases(holder="alice")
        assert (lease.pool, lease.resources) == ("lab", ("bench-1",))
        assert lease.expires is not None
        assert client.leases(holder="bob") == []
        (request,) = eventually("it is listed", lambda: client.requests(pool="lab"))
        assert (request.holder, request.priority, request.requirements) == ("bob", 3, ("+can",))
        status = client.status()
        assert status.pools[0].resources[0].queue == 1
        assert status.pools[0].waiting == (request,)
    waiting.join()


def test_the_inventory_needs_the_administrators_token(respod: Respod) -> None:
    with pytest.raises(respo.Error, match="token") as caught:
        respo.Client(respod.url).inventory()
    assert caught.value.code == "unauthorized"
    client = respo.Client(respod.url, token=respod.administrator)
    assert "SECRET-KEY-1" in client.inventory(pool="lab")


def test_events_are_told_as_they_happen_and_over_a_restart(
    respod: Respod, connect: Connect
) -> None:
    client = connect(respod, name="ci-88")
    with client.events() as events:
        with client.lease("bench-1"):
            told = [next(events), next(events)]
        told.append(next(events))
        assert [event.what for event in told] == ["queued", "granted", "ended"]
        assert {(event.pool, event.lease, event.holder) for event in told} == {("lab", 1, "ci-88")}
        assert told[2].reason == "released"
        assert told[1].data["fence"] == 1
        # One that comes later hears what it missed.
        with client.events(after=told[0].id) as later:
            assert [next(later).what for _ in range(2)] == ["granted", "ended"]
        respod.restart()
        assert next(events).what == "missed"
        client.acquire("bench-1").release()
        assert next(events).what == "queued"


def test_closing_events_ends_whoever_waits_for_the_next(respod: Respod) -> None:
    events = respo.Client(respod.url).events(pool="lab")
    left: list[respo.Event] = []
    waiting = threading.Thread(target=lambda: left.extend(events))
    waiting.start()
    eventually("it waits", waiting.is_alive)
    events.close()
    waiting.join(30)
    assert not waiting.is_alive()
    assert left == []


def test_events_that_are_closed_while_they_connect_anew_leave_no_connection(
    respod: Respod, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = respo.Client(respod.url).events()
    connection = Address.connection

    def closing(address: Address, timeout: float) -> HTTPConnection:
        events.close()
        return connection(address, timeout)

    monkeypatch.setattr(Address, "connection", closing)
    respod.restart()
    assert list(events) == []
    assert events._socket.fileno() == -1
