"""The stand-in for resource_locker: locks, requirements, and what becomes of them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

import pytest
from daemon import Respod
from keys import KEYS, administrator, held
from test_process import Program
from waiting import eventually

import respo
from respo.resource_locker import Lock, LockFactory, P, R, RequirementNotMet


@pytest.fixture
def respod() -> Iterator[Respod]:
    """A respod with a pool for any keys, and no waiting for those who are gone."""
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


def test_what_is_obtained_is_found_by_requirement_and_index(factory: LockFactory) -> None:
    class Device:
        def __init__(self, number: int) -> None:
            self.id = number

    devices = [Device(number) for number in range(4)]
    some = R(*devices, need=2, key_gen=lambda device: f"device-{device.id}")
    one = R(P("this one thing"))
    with Lock(some, one, "other thing", lock_factory=factory) as obtained:
        assert obtained[0] is some
        assert {obtained[0][0], obtained[0][1]} <= set(devices)
        assert obtained[0][0] is not obtained[0][1]
        assert some[1] is obtained[0][1]
        assert one[0] == "this one thing"
        assert obtained[2][0] == "other thing"
        assert (len(some), len(one), len(obtained)) == (2, 1, 3)
        assert list(obtained[2]) == ["other thing"]
        assert some.is_fulfilled
        assert len(some.potentials) == 4
    assert (len(some), list(one)) == (0, [])
    assert not some.is_fulfilled


def test_the_respod_of_the_environment_is_used_where_no_factory_is_given(
    respod: Respod, client: respo.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESPO_URL", respod.url)
    with Lock("a", R("b", "c", need=2)):
        assert held(client) == ["a", "b", "c"]
    assert held(client) == []


def test_what_is_taken_is_refused_at_once_without_blocking(factory: LockFactory) -> None:
    with Lock("a", lock_factory=factory):
        with pytest.raises(RequirementNotMet, match="a is held by") as refused:
            Lock("b", "a", block=False, lock_factory=factory).acquire()
        assert isinstance(refused.value.__cause__, respo.Busy)
        assert [one.resource for one in refused.value.__cause__.candidates] == ["a"]
        # Nothing is obtained in part: b is free.
        Lock("b", block=False, lock_factory=factory).acquire()


def test_waiting_ends_with_the_longest_delay(factory: LockFactory) -> None:
    with Lock("a", lock_factory=factory):
        with pytest.raises(RequirementNotMet):
            Lock("a", stop_max_delay=20, lock_factory=factory).acquire()
        with pytest.raises(RequirementNotMet):
            Lock("a", block=False, timeout=0.02, lock_factory=factory).acquire()
    Lock("a", block=False, lock_factory=factory).acquire()


def test_who_came_first_is_served_first(factory: LockFactory, client: respo.Client) -> None:
    order: list[str] = []
    first = Lock("a", lock_factory=factory)
    first.acquire()

    def wait(name: str, **options: Any) -> threading.Thread:
        def work() -> None:
            with Lock("a", lock_factory=factory, name=name, **options):
                order.append(name)

        thread = threading.Thread(target=work)
        thread.start()
        eventually(f"{name} waits", lambda: client.requests(holder=name))
        return thread

    threads = [wait("second"), wait("third"), wait("urgent", priority=10)]
    first.release()
    for thread in threads:
        thread.join()
    assert order == ["urgent", "second", "third"]


def test_one_key_for_two_things_is_a_mistake(factory: LockFactory) -> None:
    with pytest.raises(ValueError, match="'b'"):
        Lock("a", "b", R("b", "c"), lock_factory=factory)
    with pytest.raises(ValueError, match="'1'"):
        Lock(1, "1", lock_factory=factory)


def test_needing_more_than_there_is_is_noticed_when_the_lock_is_made(factory: LockFactory) -> None:
    with pytest.raises(RequirementNotMet, match="needs 2 of 1 thing that can be had: a"):
        Lock("a", need=2, lock_factory=factory)
    with pytest.raises(RequirementNotMet, match="none"):
        Lock(R(), lock_factory=factory)
    # Made by itself, it is not looked at yet.
    assert R("a", need=2).add_potential("b").validate().is_rejected is False


def test_what_cannot_be_used_is_refused_when_the_lock_is_made(factory: LockFactory) -> None:
    wrong: Any = "redis"
    with pytest.raises(TypeError, match="resource_locker's own Lock"):
        Lock("a", lock_factory=wrong)
    with pytest.raises(TypeError, match="reporter_class='redis'"):
        Lock("a", lock_factory=factory, reporter_class=wrong)


def test_a_lock_on_nothing_asks_for_nothing(factory: LockFactory) -> None:
    with Lock(lock_factory=factory) as obtained:
        assert obtained == []


def test_what_is_rejected_is_not_asked_for(factory: LockFactory) -> None:
    a, b, c = P("a").reject(), P("b").reject(), P("c")
    with Lock(R(a, b, c, "d"), lock_factory=factory):
        assert c.is_fulfilled
        assert [a.is_fulfilled, b.is_fulfilled] == [False, False]
    with pytest.raises(RequirementNotMet):
        Lock(R(P("a").reject(), P("b").reject()), lock_factory=factory)


def test_what_is_obtained_in_part_is_completed(factory: LockFactory, client: respo.Client) -> None:
    have = P("have").fulfill()
    with Lock(R(have, "b", "c", need=3), R(P("all").fulfill(), "x"), lock_factory=factory) as got:
        assert list(got[0]) == ["have", "b", "c"]
        assert list(got[1]) == ["all"]
        assert held(client) == ["b", "c"]


def test_a_requirement_counts_what_is_met() -> None:
    a, b, c = P("a").reject(), P("b").reject(), P("c").fulfill()
    with pytest.raises(RequirementNotMet):
        R(a, b, c, need=2).validate()
    enough = R(a, b, c, need=1).validate()
    assert enough.is_fulfilled
    assert enough.count() == (1, 2)
    assert bool(enough)
    assert not R("a")
    assert not enough.reset().is_fulfilled
    assert enough.count() == (0, 0)
    assert R("a", need=0).need == 1


def test_what_is_not_known_to_be_locked_comes_first() -> None:
    known = R("a", "b", "c", "d").prioritised_potentials(["c", "b"])
    assert {one.key for one in known[:2]} == {"a", "d"}
    assert [one.key for one in known[2:]] == ["b", "c"]


def test_keys_and_tags_are_made_of_the_thing() -> None:
    thing = {"id": 123, "model": "x"}

    def key(one: dict[str, Any]) -> str:
        return str(one["id"])

    assert P(thing, key_gen=key).key == "123"
    made = R(thing, key_gen=key, tag_gen=lambda one: {"model": one["model"]}, tags={"lab": 1})
    assert made.potentials[0].item is thing
    assert made.potentials[0].tags == {"key": "123", "lab": 1, "model": "x"}
    assert P("a", tags={"one": 1}, two=2).tags == {"key": "a", "one": 1, "two": 2}


def test_any_text_is_a_key(factory: LockFactory) -> None:
    keys = ["a b", "ä", "key:a_20b", "", "%", "a" * 128, "b" * 129, "key:" + "c" * 128, "\udcff"]
    with Lock(*keys, lock_factory=factory) as obtained:
        assert [one[0] for one in obtained] == keys
        for key in keys:
            with pytest.raises(RequirementNotMet):
                Lock(key, block=False, lock_factory=factory).acquire()
        short = [key for key in keys if len(key) <= 128 and "c" * 128 not in key]
        assert sorted(factory.get_lock_list()) == sorted(short)


def test_more_bare_things_than_a_request_has_requirements(factory: LockFactory) -> None:
    with Lock(*range(100), lock_factory=factory) as obtained:
        assert [one[0] for one in obtained] == list(range(100))


def test_more_is_added_before_it_is_acquired_and_it_can_be_acquired_anew(
    factory: LockFactory, client: respo.Client
) -> None:
    lock = Lock("a", lock_factory=factory)
    lock.add_requirement(R("b", "c", need=2))
    for _ in range(2):
        assert lock.acquire() is lock.acquire() is lock.requirements
        assert held(client) == ["a", "b", "c"]
        lock.release()
        lock.release()
        assert held(client) == []


def test_an_exception_in_the_block_unlocks(factory: LockFactory, client: respo.Client) -> None:
    with pytest.raises(KeyError, match="mine"), Lock("a", lock_factory=factory):
        raise KeyError("mine")
    assert held(client) == []


def test_the_options_of_resource_locker_are_taken(factory: LockFactory) -> None:
    options: dict[str, Any] = {
        "logger": logging.getLogger("quiet"),
        "wait_exponential_max": None,
        "wait_exponential_multiplier": None,
        "wait_random_min": 100,
        "retry_on_exception": lambda _: True,
        "stop_max_attempt_number": 7,
    }
    with Lock(R(("a", 1), ("b", 2), key_gen=itemgetter(0)), lock_factory=factory, **options) as got:
        assert got[0][0] in [("a", 1), ("b", 2)]


def test_without_renewal_it_is_lost_when_it_expires(factory: LockFactory) -> None:
    lock = Lock("a", auto_renewal=False, expire=1, lock_factory=factory)
    lock.acquire()
    assert not lock.lost
    eventually("the lock expires", lambda: lock.lost)
    with pytest.raises(respo.LeaseLost) as lost:
        lock.release()
    assert lost.value.reason == "max_duration"
    Lock("a", block=False, lock_factory=factory).acquire()


def test_with_renewal_it_does_not_expire(factory: LockFactory, client: respo.Client) -> None:
    with Lock("a", expire=1, lock_factory=factory):
        # There is nothing that could end it, but its connection.
        assert client.leases()[0].expires is None


def test_a_lost_lock_is_noticed_wherever_it_is_used(respod: Respod, factory: LockFactory) -> None:
    lock = Lock("a", lock_factory=factory)
    obtained = lock.acquire()
    administrator(respod).clear_all()
    eventually("the lock is lost", lambda: lock.lost)
    for use in (lambda: obtained[0][0], lambda: list(obtained[0]), lock.check, lock.acquire):
        with pytest.raises(respo.LeaseLost) as lost:
            use()
        assert lost.value.reason == "revoked"
    with pytest.raises(respo.LeaseLost):
        lock.release()
    assert not lock.lost
    with lock as again:
        assert again[0][0] == "a"


def test_a_lock_that_is_lost_raises_in_its_block(respod: Respod, factory: LockFactory) -> None:
    steps: list[str] = []
    with pytest.raises(respo.LeaseLost), Lock("a", lock_factory=factory):
        administrator(respod).clear_all()
        eventually("LeaseLost is raised", lambda: None)
        steps.append("unreachable")
    assert steps == []


def test_another_exception_in_the_block_is_not_hidden_by_the_loss(
    respod: Respod, factory: LockFactory
) -> None:
    lock = Lock("a", lock_factory=factory)
    with pytest.raises(KeyError, match="mine"), lock:
        try:
            administrator(respod).clear_all()
            eventually("LeaseLost is raised", lambda: None)
        except respo.LeaseLost:
            raise KeyError("mine") from None


def test_a_restart_of_respod_takes_nothing_away(
    respod: Respod, factory: LockFactory, client: respo.Client
) -> None:
    with Lock(R("a", "b", "c", need=2), lock_factory=factory) as obtained:
        before = held(client)
        respod.restart()
        assert held(client) == before
        with pytest.raises(RequirementNotMet):
            Lock(R("a", "b", "c", need=2), block=False, lock_factory=factory).acquire()
        assert sorted(obtained[0]) == before
    assert held(client) == []


@pytest.mark.parametrize("transport", ["http", "websocket"])
def test_what_a_killed_process_had_is_free_at_once(
    respod: Respod, client: respo.Client, factory: LockFactory, transport: str
) -> None:
    program = Program(
        respod,
        transport,
        """
from respo.resource_locker import Lock, LockFactory, R
lock = Lock(R("a", "b", "c", need=3), lock_factory=LockFactory(client))
lock.acquire()
print("held")
time.sleep(600)
""",
    )
    program.expect("held")
    assert held(client) == ["a", "b", "c"]
    with client.events() as events:
        program.process.kill()
        ended = next(event for event in events if event.what == "ended")
        assert ended.reason == "disconnected"
        Lock("a", "b", "c", block=False, lock_factory=factory).acquire()
    program.end()


def test_keys_that_are_in_no_inventory_need_an_ephemeral_pool() -> None:
    with Respod() as lab, respo.Client(lab.url) as client:
        with pytest.raises(respo.NoSuch, match="not-there"):
            Lock("not-there", lock_factory=LockFactory(client)).acquire()
        with Lock("bench-1", lock_factory=LockFactory(client)) as obtained:
            assert obtained[0][0] == "bench-1"
