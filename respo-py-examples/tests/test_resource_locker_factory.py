"""resource_locker's own Lock, with its keys locked in respod."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

import pytest
from daemon import Respod
from keys import KEYS, administrator, held
from waiting import eventually

import respo
from respo.resource_locker import LockFactory

original: Any = pytest.importorskip("resource_locker", reason="the extra test has it")


@pytest.fixture
def respod() -> Iterator[Respod]:
    """A respod with a pool for any keys."""
    with Respod(KEYS) as daemon:
        yield daemon


@pytest.fixture
def client(respod: Respod) -> Iterator[respo.Client]:
    """A client of it."""
    with respo.Client(respod.url) as one:
        yield one


@pytest.fixture
def factory(client: respo.Client) -> LockFactory:
    """Where the keys are locked."""
    return LockFactory(client)


def test_its_lock_locks_keys_in_respod(factory: LockFactory, client: respo.Client) -> None:
    some = original.R("a", "x", "y", "z", need=2)
    with original.Lock(some, "other thing", block=False, lock_factory=factory) as obtained:
        assert {obtained[0][0], obtained[0][1]} <= {"a", "x", "y", "z"}
        assert obtained[1][0] == "other thing"
        assert len(held(client)) == 3
        assert set(factory.get_lock_list()) == {*some, "other thing"}
    assert held(client) == []


def test_what_is_taken_is_refused_and_nothing_is_left_locked(
    factory: LockFactory, client: respo.Client
) -> None:
    with original.Lock("a", block=False, lock_factory=factory):
        with pytest.raises(original.RequirementNotMet):
            original.Lock("b", "a", block=False, lock_factory=factory).acquire()
        assert held(client) == ["a"]
        waits = original.Lock("a", block=False, timeout=0.02, lock_factory=factory)
        with pytest.raises(original.RequirementNotMet):
            waits.acquire()


def test_it_passes_as_one_of_its_factories(factory: LockFactory) -> None:
    meta: Any = pytest.importorskip("resource_locker.factories.meta")
    assert isinstance(factory, meta.LockFactoryMeta)


def test_threads_that_contend_never_share_a_key(factory: LockFactory) -> None:
    things: dict[str, list[Any]] = {f"thing-{number}": [threading.Lock(), 0] for number in range(5)}
    shared: list[str] = []

    def work() -> None:
        some = original.R(*things.items(), need=2, key_gen=itemgetter(0))
        soon = {"wait_random_min": 1, "wait_random_max": 20, "wait_exponential_multiplier": None}
        with original.Lock(some, lock_factory=factory, **soon) as obtained:
            for key, state in obtained[0]:
                if not state[0].acquire(blocking=False):
                    shared.append(key)
                    continue
                state[1] += 1
                state[0].release()

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shared == []
    assert sum(state[1] for state in things.values()) == 24


def test_a_key_that_is_lost_is_told_to_who_wants_to_know(
    respod: Respod, client: respo.Client, caplog: pytest.LogCaptureFixture
) -> None:
    lost: list[respo.LeaseLost] = []
    factory = LockFactory(client, on_lost=lost.append)
    lock = original.Lock("a", block=False, lock_factory=factory)
    lock.acquire()
    administrator(respod).clear_all()
    eventually("the loss is told", lambda: lost)
    assert lost[0].reason == "revoked"
    lock.release()
    assert "LeaseLost" in caplog.text


def test_a_key_is_locked_once(factory: LockFactory) -> None:
    first, second = factory.new_lock("a"), factory.new_lock("a")
    with first:
        assert first.locked()
        assert second.locked()
        assert not second.acquire(blocking=False)
        assert not second.acquire(timeout=0.02)
        with pytest.raises(RuntimeError, match="acquired already"):
            first.acquire()
        with pytest.raises(RuntimeError, match="not acquired"):
            second.release()
    assert not first.locked()
    assert second.acquire()
    second.release()


def test_a_key_without_renewal_expires(factory: LockFactory) -> None:
    lock = factory.new_lock("a", expire=1, auto_renewal=False)
    assert lock.acquire()
    eventually("the key expires", lambda: lock.lost)
    with pytest.raises(respo.LeaseLost):
        lock.release()
    assert not lock.lost


def test_clearing_unlocks_ones_own_and_with_the_token_everything(
    respod: Respod, client: respo.Client
) -> None:
    mine, other = LockFactory(client), LockFactory(client)
    assert mine.new_lock("a").acquire()
    theirs = other.new_lock("b")
    assert theirs.acquire()
    mine.clear_all()
    assert held(client) == ["b"]
    administrator(respod).clear_all()
    assert held(client) == []
    eventually("the others are told", lambda: theirs.lost)
