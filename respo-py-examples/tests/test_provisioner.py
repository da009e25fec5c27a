"""The stand-in for the provisioner: what is demanded, and what is allocated."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from daemon import Respod
from keys import KEYS
from machines import MACHINES
from waiting import eventually

import respo
from respo.provisioner import Provisioner
from respo.provisioner.token_leases import TokenLeases


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


def test_hosts_are_allocated_together_and_released_with_the_block(
    provisioner: Provisioner, client: respo.Client
) -> None:
    with provisioner.allocate(
        {"big": {"gpu": 1}, "other": {}}, description="nightly"
    ) as allocation:
        assert allocation.hosts.big.name == "large"
        assert allocation.hosts["big"].ip == "10.0.0.2"
        assert allocation.hosts.big.alias == "big"
        assert allocation.hosts.other.os.version == 5
        assert list(allocation.hosts) == ["big", "other"]
        assert (allocation.pool, allocation.fence) == ("machines", 1)
        (lease,) = client.leases()
        assert (lease.id, lease.description) == (allocation.id, "nightly")
        assert lease.since == allocation.since
        assert str(allocation) == f"<allocation {lease.id} of big=large, other=small, held>"
        with pytest.raises(AttributeError, match="no host 'odd'; there are: big, other"):
            _ = allocation.hosts.odd
    assert client.leases() == []
    assert "released" in str(allocation)
    with pytest.raises(respo.LeaseLost, match="is released"):
        _ = allocation.hosts


@pytest.mark.parametrize(
    ("demand", "found"),
    [
        ({"gpu": 1}, "large"),
        ({"gpu": 0, "ssd": False}, "small"),
        ({"ram": 64.5}, "large"),
        ({"ram": 65}, None),
        ({"os": {"version": 6, "name": "linux"}}, "large"),
        ({"os.version": 6}, "large"),
        ({"os": {"version": 5, "name": "windows"}}, None),
        ({"attributes": ["can"]}, "large"),
        ({"location": "rack1", "gpu": 2}, "large"),
        ({"resource": "small"}, "small"),
        ({"gpu": 2, "where": "properties.ram < 8 || properties.ssd"}, "large"),
        ({"where": "properties.ram < 9"}, "small"),
        ({"properties": {"gpu": 0}}, "small"),
        ({"no such": 1}, None),
    ],
)
def test_a_number_is_the_least_and_anything_else_what_it_must_be(
    provisioner: Provisioner, demand: dict[str, Any], found: str | None
) -> None:
    if found is None:
        with pytest.raises(respo.NoSuch):
            provisioner.allocate({"host": demand}, wait=0)
        return
    with provisioner.allocate({"host": demand}, wait=0) as allocation:
        assert allocation.hosts.host.name == found


@pytest.mark.parametrize(
    ("demands", "complaint"),
    [({}, "no host"), ([], "no host"), ({"host": 1}, "the host host demands 1")],
)
def test_demands_that_are_none_are_refused(
    provisioner: Provisioner, demands: Any, complaint: str
) -> None:
    with pytest.raises(respo.Invalid, match=complaint):
        provisioner.allocate(demands)


def test_clusters_are_names_for_some_of_the_hosts(provisioner: Provisioner) -> None:
    demands: dict[str, Any] = {"host1": {"gpu": 1}, "host2": {}}
    grouping = {"cluster1": {"hosts": ["host2"]}}
    with provisioner.allocate(demands, grouping=grouping) as allocation:
        clusters: Any = allocation.clusters
        assert clusters.cluster1.hosts.host2 is allocation.hosts.host2
        assert list(clusters["cluster1"].hosts) == ["host2"]
        with pytest.raises(AttributeError, match="there are: cluster1"):
            _ = clusters.cluster2
    with pytest.raises(respo.Invalid, match="'host9', which is not demanded"):
        provisioner.allocate(demands, grouping={"cluster1": {"hosts": ["host9"]}})


def test_who_asks_is_told_in_tags() -> None:
    with Respod(KEYS) as daemon:
        # What is in no inventory has the tags of the request as its properties.
        demands = {"host": {"keys": ["any"]}}
        with Provisioner(daemon.url).allocate(demands, tags={"job": "7"}) as allocation:
            told = dict(allocation.hosts.host.properties)
    assert told.pop("alias") == "host"
    assert told["ip"] == "127.0.0.1"
    assert told["process_id"] == str(os.getpid())
    assert told["running_cmd"] == shlex.join(sys.argv)
    assert sorted(told) == [
        *("creation_time", "hostname", "ip", "job", "process_id", "running_cmd", "username")
    ]


def test_what_is_taken_is_waited_for_in_the_queue(
    provisioner: Provisioner, client: respo.Client
) -> None:
    first = provisioner.allocate({"host": {"gpu": 1}})
    with pytest.raises(respo.Busy, match="large is held by"):
        provisioner.allocate({"host": {"gpu": 1}}, wait=0)
    with pytest.raises(respo.Busy, match="large held by") as busy:
        provisioner.allocate({"host": {"gpu": 1}}, wait=0.02)
    assert busy.value.problem["candidates"]
    assert "token" not in busy.value.problem  # whoever has it can take the request over
    notices: list[str] = []
    names: list[str] = []

    def work() -> None:
        with provisioner.allocate(
            {"host": {"gpu": 1}}, on_notice=lambda notice: notices.append(str(notice))
        ) as second:
            names.append(second.hosts.host.name)

    thread = threading.Thread(target=work)
    thread.start()
    eventually("it waits", client.requests)
    first.release()
    thread.join()
    assert names == ["large"]
    assert notices[0].startswith("position 1 of 1, large held by")


def test_who_stops_waiting_leaves_the_queue(provisioner: Provisioner, client: respo.Client) -> None:
    def stop(_: object) -> None:
        raise KeyboardInterrupt

    with provisioner.allocate({"host": {"gpu": 1}}):
        with pytest.raises(KeyboardInterrupt):
            provisioner.allocate({"host": {"gpu": 1}}, on_notice=stop)
        assert client.requests() == []


def answers_get_lost(
    monkeypatch: pytest.MonkeyPatch, name: str, failure: type[BaseException] = respo.Unavailable
) -> list[str]:
    """Have the first call of this kind carried out, and its answer lost; return the calls."""
    called: list[str] = []
    original = getattr(TokenLeases, name)

    def call(*arguments: Any) -> Any:
        answer = original(*arguments)
        called.append(name)
        if len(called) == 1:
            message = "the answer was lost"
            raise failure(message)
        return answer

    monkeypatch.setattr(TokenLeases, name, call)
    return called


def test_a_request_whose_answer_is_lost_is_made_only_once(
    client: respo.Client, provisioner: Provisioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = answers_get_lost(monkeypatch, "ask")
    with provisioner.allocate({"host": {"gpu": 1}}, wait=0) as allocation:
        assert called == ["ask", "ask"]
        assert [lease.id for lease in client.leases()] == [allocation.id] == [1]


@pytest.mark.parametrize("has_to_wait", [False, True])
def test_who_stops_before_the_answer_has_come_leaves_nothing_behind(
    client: respo.Client,
    provisioner: Provisioner,
    monkeypatch: pytest.MonkeyPatch,
    has_to_wait: bool,  # noqa: FBT001 a parameter of the test
) -> None:
    with contextlib.ExitStack() as held:
        if has_to_wait:
            held.enter_context(provisioner.allocate({"host": {"gpu": 1}}))
        called = answers_get_lost(monkeypatch, "ask", KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            provisioner.allocate({"host": {"gpu": 1}})
        assert called == ["ask", "ask"]
        assert client.requests() == []
        assert len(client.leases()) == has_to_wait


def test_a_release_whose_answer_is_lost_is_no_loss(
    client: respo.Client, provisioner: Provisioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = answers_get_lost(monkeypatch, "end")
    with provisioner.allocate({"host": {}}):
        pass
    assert called == ["end"]
    assert client.leases() == []


def test_what_waits_keeps_its_place_over_a_restart(
    respod: Respod, provisioner: Provisioner, client: respo.Client
) -> None:
    first = provisioner.allocate({"host": {"gpu": 1}})
    names: list[str] = []

    def work() -> None:
        with provisioner.allocate({"host": {"gpu": 1}}) as second:
            names.append(second.hosts.host.name)

    thread = threading.Thread(target=work)
    thread.start()
    (waiting,) = eventually("it waits", client.requests)
    respod.restart()
    assert [one.id for one in client.requests()] == [waiting.id]
    first.release()
    thread.join()
    assert names == ["large"]


def test_a_respod_that_is_not_there_is_said(respod: Respod) -> None:
    respod.kill()
    with pytest.raises(respo.Unavailable, match="is respod running there"):
        Provisioner(respod.url, timeout=0.01).allocate({"host": {}})
    respod.start()
