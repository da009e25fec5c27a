"""The decorator of the provisioner, for functions, unittest and pytest."""

from __future__ import annotations

import asyncio
import http.client
import subprocess
import sys
import threading
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from daemon import Respod
from keys import administrator
from machines import MACHINES
from waiting import PATIENCE, eventually

import respo
from respo.provisioner import Allocation, Provisioner, hardware, hardware_config
from respo.provisioner.withdrawal import Withdrawal


@pytest.fixture
def respod(monkeypatch: pytest.MonkeyPatch) -> Iterator[Respod]:
    """A respod with two machines, that the environment names."""
    with Respod(MACHINES) as daemon:
        monkeypatch.setenv("RESPO_URL", daemon.url)
        yield daemon


@pytest.fixture
def client(respod: Respod) -> Iterator[respo.Client]:
    """A client of it."""
    with respo.Client(respod.url) as one:
        yield one


def test_a_function_runs_while_it_has_its_hosts(client: respo.Client) -> None:
    @hardware(host={"gpu": 1}, other={})
    def run(first: int, base_config: Any = None, *, last: int) -> tuple[Any, ...]:
        """Say so."""
        (lease,) = client.leases()
        assert lease.description is not None
        assert lease.description.endswith("run")
        return first, base_config.hosts.host.name, base_config.hosts.other.name, last

    assert run(1, last=2) == (1, "large", "small", 2)
    assert client.leases() == []
    assert (run.__name__, run.__doc__) == ("run", "Say so.")


def test_a_function_that_does_not_want_to_know_its_hosts_has_them(client: respo.Client) -> None:
    @hardware({"host": {}}, description="quiet", ttl="10s", priority=3)
    def run() -> list[str | None]:
        return [lease.description for lease in client.leases()]

    assert run() == ["quiet"]


def test_what_cannot_be_demanded_is_noticed_where_it_stands() -> None:
    with pytest.raises(respo.Invalid):
        hardware()
    with pytest.raises(respo.Invalid):
        hardware({"host": 1})  # type: ignore[dict-item]


def test_the_decorator_of_the_seed_takes_the_same(respod: Respod) -> None:
    @hardware_config(
        hardware={"host1": {"gpu": 1}, "host2": {}}, grouping={"cluster1": {"hosts": ["host2"]}}
    )
    def run(base_config: Any = None) -> str:
        name: str = base_config.clusters.cluster1.hosts.host2.name
        return name

    assert respod.url
    assert run() == "small"


def test_a_coroutine_function_runs_while_it_has_its_hosts(client: respo.Client) -> None:
    @hardware(host={"gpu": 1})
    async def run(base_config: Any = None) -> str:
        await asyncio.sleep(0)
        name: str = base_config.hosts.host.name
        return name

    assert asyncio.run(run()) == "large"
    assert client.leases() == []


def cancelled_while_it_waits(
    client: respo.Client, first: Allocation, monkeypatch: pytest.MonkeyPatch
) -> int:
    """Cancel a coroutine that waits for hosts; return how many wait still when it has ended."""

    # The longest that respod takes.
    monkeypatch.setattr("respo.provisioner.token_leases.FOLLOW", 60.0)
    waits, get_answer = threading.Event(), http.client.HTTPConnection.getresponse

    def getresponse(self: http.client.HTTPConnection) -> http.client.HTTPResponse:
        if self.timeout and self.timeout > 60:
            waits.set()
        return get_answer(self)

    monkeypatch.setattr(http.client.HTTPConnection, "getresponse", getresponse)

    @hardware(host={"gpu": 1}, wait="10m")
    async def run() -> None:
        pytest.fail("it has been cancelled")

    async def cancel() -> int:
        waiting = asyncio.ensure_future(run())
        try:
            await asyncio.to_thread(eventually, "it waits", waits.is_set)
            waiting.cancel()
            ended, _ = await asyncio.wait({waiting}, timeout=PATIENCE)
            assert ended
            assert waiting.cancelled()
            return len(client.requests())
        finally:
            first.release()

    return asyncio.run(cancel())


def test_a_coroutine_that_is_cancelled_while_it_waits_leaves_the_queue(
    client: respo.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Provisioner().allocate({"host": {"gpu": 1}})
    assert cancelled_while_it_waits(client, first, monkeypatch) == 0
    assert client.leases() == []


def test_what_a_coroutine_is_granted_as_it_is_cancelled_is_released(
    client: respo.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Provisioner().allocate({"host": {"gpu": 1}})
    kept: list[Allocation] = []

    def allocate(*arguments: Any, **more: Any) -> Allocation:
        kept.append(Allocation(*arguments, **more))
        return kept[-1]

    monkeypatch.setattr("respo.provisioner.provisioner.Allocation", allocate)
    # It is granted before it can be withdrawn.
    monkeypatch.setattr(Withdrawal, "withdraw", lambda _: first.release())
    assert cancelled_while_it_waits(client, first, monkeypatch) == 0
    assert len(kept) == 1
    assert client.leases() == []


def test_a_test_that_loses_its_hosts_fails(respod: Respod) -> None:
    @hardware(host={}, ttl=1)
    def run() -> None:
        administrator(respod).clear_all()
        eventually("LeaseLost is raised", lambda: None)

    with pytest.raises(respo.LeaseLost):
        run()


def test_the_tests_of_a_unittest_class_have_hosts_each(client: respo.Client) -> None:
    used: list[int] = []

    @hardware(host={"gpu": 1})
    class Tests(unittest.TestCase):
        def setUp(self) -> None:
            assert client.leases() == []

        def test_one(self, base_config: Any) -> None:
            used.append(base_config.id)
            assert base_config.hosts.host.name == "large"

        def test_two(self) -> None:
            (lease,) = client.leases()
            used.append(lease.id)

        def test_three(self) -> None:
            self.fail("on purpose")

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Tests).run(result)
    assert (result.testsRun, len(result.failures), result.errors) == (3, 1, [])
    assert len(set(used)) == 2
    assert client.leases() == []


PYTEST = """
import pytest
from respo.provisioner import hardware

@pytest.fixture
def number():
    return 7

@hardware(host={"gpu": 1})
@pytest.mark.parametrize("letter", ["a", "b"])
def test_function(letter, number, base_config):
    assert (letter in "ab", number, base_config.hosts.host.name) == (True, 7, "large")

class TestClass:
    @hardware(host={"resource": "small"})
    def test_method(self, base_config, number):
        assert (number, base_config.hosts.host.ip) == (7, "10.0.0.1")

@hardware(host={"gpu": 9})
def test_impossible():
    pass

@hardware(host={"ssd": False})
def test_failing(base_config):
    assert base_config.hosts.host.name == "on purpose"
"""


def test_pytest_runs_decorated_tests(respod: Respod, client: respo.Client, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(PYTEST)
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:respo", "-rA"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert respod.url
    assert "3 passed" in ended.stdout, ended.stdout + ended.stderr
    assert "2 failed" in ended.stdout
    assert "NoSuch" in ended.stdout
    assert "assert 'small' == 'on purpose'" in ended.stdout
    assert client.leases() == []


def test_a_provisioner_of_ones_own_is_used(client: respo.Client) -> None:
    @hardware({"host": {}}, provisioner=Provisioner(client.url, name="ci-88"))
    def run() -> list[str | None]:
        return [lease.holder for lease in client.leases()]

    assert run() == ["ci-88"]
