"""The two clients of the seed project."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest
from daemon import Respod
from machines import MACHINES
from waiting import eventually

import respo
from respo.provisioner import HeartbeatClient, ProvisionerClient


@pytest.fixture
def respod() -> Iterator[Respod]:
    """A respod with two machines."""
    with Respod(MACHINES) as daemon:
        yield daemon


def test_what_is_provisioned_is_described_and_lives_until_it_is_released(respod: Respod) -> None:
    client = ProvisionerClient(ep=respod.url, cert="", key="")
    hardware = client.provision({"host": {"gpu": 1}, "host2": {}})
    assert hardware["allocation_id"] == "machines/1"
    assert list(hardware["machines"]) == ["host", "host2"]
    host = hardware["machines"]["host"]
    assert (host["ip"], host["gpu"], host["name"], host["alias"]) == (
        *("10.0.0.2", 2, "large", "host"),
    )
    (allocation,) = client.allocations()
    assert allocation["allocation_id"] == "machines/1"
    assert allocation["hardware_details"] == [{"name": "large"}, {"name": "small"}]
    assert allocation["expiration"] > 0
    with pytest.raises(respo.Busy):
        client.provision({"host": {"gpu": 1}}, timeout=0)
    with pytest.raises(respo.NoSuch):
        client.provision({"host": {"gpu": 3}})
    client.release(hardware["allocation_id"])
    assert client.allocations() == []
    with pytest.raises(KeyError, match="machines/1"):
        client.release(hardware["allocation_id"])


def test_heartbeats_keep_it_alive_until_they_stop(respod: Respod) -> None:
    client = ProvisionerClient(respod.url, ttl=1)
    stop = threading.Event()
    heartbeat = HeartbeatClient(stop, respod.url, interval=0.05)
    allocation = client.provision({"host": {}})["allocation_id"]
    thread = heartbeat.send_heartbeats_on_thread(allocation)

    def expires() -> float:
        when: float = client.allocations()[0]["expiration"]
        return when

    begun = expires()
    eventually("it outlives its ttl", lambda: expires() > begun + 2)
    with respo.Client(respod.url).events() as events:
        stop.set()
        thread.join()
        assert heartbeat.lost is None
        assert next(event for event in events if event.what == "ended").reason == "expired"
    with pytest.raises(KeyError, match="not held any more"):
        heartbeat.send_heartbeat(allocation)
    with pytest.raises(KeyError, match="has not allocated odd/1"):
        heartbeat.send_heartbeat("odd/1")


def test_heartbeats_for_what_is_gone_end_and_say_so(
    respod: Respod, caplog: pytest.LogCaptureFixture
) -> None:
    client = ProvisionerClient(respod.url)
    heartbeat = HeartbeatClient(threading.Event(), respod.url, interval=0.05)
    allocation = client.provision({"host": {}})["allocation_id"]
    thread = heartbeat.send_heartbeats_on_thread(allocation)
    client.release(allocation)
    thread.join()
    assert isinstance(heartbeat.lost, KeyError)
    assert allocation in caplog.text


def test_heartbeats_go_on_when_respod_is_back(
    respod: Respod, caplog: pytest.LogCaptureFixture
) -> None:
    client = ProvisionerClient(respod.url)
    stop = threading.Event()
    heartbeat = HeartbeatClient(stop, respod.url, interval=0.05)
    allocation = client.provision({"host": {}})["allocation_id"]
    thread = heartbeat.send_heartbeats_on_thread(allocation)
    respod.kill()
    eventually("a heartbeat fails", lambda: "failed" in caplog.text)
    respod.start()
    before = client.allocations()[0]["expiration"]
    eventually("one succeeds", lambda: client.allocations()[0]["expiration"] > before)
    assert thread.is_alive()
    stop.set()
    thread.join()


def test_heartbeats_that_are_not_answered_end_and_say_so(
    respod: Respod, caplog: pytest.LogCaptureFixture
) -> None:
    client = ProvisionerClient(respod.url, ttl=1)
    heartbeat = HeartbeatClient(threading.Event(), respod.url, interval=0.05)
    allocation = client.provision({"host": {}})["allocation_id"]
    respod.signal(signal.SIGSTOP)
    try:
        thread = heartbeat.send_heartbeats_on_thread(allocation)
        eventually("it is lost", lambda: heartbeat.lost)
        thread.join()
    finally:
        respod.signal(signal.SIGCONT)
    assert "did not answer" in str(heartbeat.lost)
    assert caplog.text.count("could not be kept") == 1


def test_certificates_are_refused(respod: Respod) -> None:
    with pytest.raises(ValueError, match="no client certificates"):
        ProvisionerClient(respod.url, cert="/etc/some.crt")
    with pytest.raises(ValueError, match="no client certificates"):
        HeartbeatClient(threading.Event(), respod.url, key="/etc/some.key")
