"""What is counted of locks."""

from __future__ import annotations

import functools
import multiprocessing
import threading
from collections import Counter
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from daemon import Respod
from keys import KEYS

import respo
from respo.resource_locker import Lock, LockFactory, P, R, RequirementNotMet
from respo.resource_locker.reporter import (
    Aspects,
    Counters,
    DummyReporter,
    FileCounters,
    Query,
    RedisReporter,
    Reporter,
    Timer,
    safe,
)

THREADS = 12
NEED = 2
THINGS = [f"thing-{number}" for number in range(5)]


@pytest.fixture
def factory() -> Iterator[LockFactory]:
    """Where the keys are locked."""
    with Respod(KEYS) as daemon, respo.Client(daemon.url) as client:
        yield LockFactory(client)


@pytest.fixture(params=["memory", "file"])
def counters(request: pytest.FixtureRequest, tmp_path: Path) -> Counters | FileCounters:
    """Each place where counts are kept, in turn."""
    return Counters() if request.param == "memory" else FileCounters(tmp_path / "counts")


def test_twelve_threads_contend_for_two_of_five_and_every_use_is_counted(
    factory: LockFactory, counters: Counters | FileCounters
) -> None:
    things: dict[str, list[Any]] = {key: [threading.Lock(), 0] for key in THINGS}
    shared: list[str] = []
    go = threading.Barrier(THREADS)

    def work(number: int) -> None:
        go.wait()
        with Lock(
            R(*things.items(), need=NEED, key_gen=itemgetter(0)),
            lock_factory=factory,
            reporter_class=functools.partial(Reporter, client=counters, bombproof=False),
            name=f"thread-{number}",
        ) as obtained:
            for key, state in obtained[0]:
                if not state[0].acquire(blocking=False):
                    shared.append(key)
                    continue
                state[1] += 1
            for _, state in obtained[0]:
                state[0].release()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    uses = {key: state[1] for key, state in things.items()}
    assert shared == []
    assert sum(uses.values()) == THREADS * NEED
    query = Query(counters)
    assert query.all_tags() == ["key"]
    used = sorted(key for key in THINGS if uses[key])
    assert query.all_values("key") == used
    for key in used:
        counts = query.all_aspects("key", key)
        waits = [counts.pop(name) for name in ("lock_acquire_wait", "lock_release_wait")]
        assert min(waits) > 0
        assert counts == dict.fromkeys(
            ("lock_request_count", "lock_acquire_count", "lock_release_count"), uses[key]
        )


def test_a_refusal_is_counted_for_each_key_that_was_asked_for(factory: LockFactory) -> None:
    counters = Counters()
    reporter = functools.partial(Reporter, client=counters)
    with Lock("a", lock_factory=factory), pytest.raises(RequirementNotMet):
        Lock(
            P("a", model="T1"),
            R("b", "c"),
            block=False,
            lock_factory=factory,
            reporter_class=reporter,
        ).acquire()
    query = Query(counters)
    for key in "abc":
        refused = {"lock_request_count": 1, "lock_acquire_fail_count": 1}
        assert query.all_aspects("key", key) == refused
    assert query.aspect("model", "T1", Aspects.lock_acquire_fail_count) == 1
    assert query.aspect("model", "T1", Aspects.lock_acquire_count) == 0


def test_a_lock_is_counted_under_all_of_its_tags(factory: LockFactory) -> None:
    counters = Counters()
    lock = Lock(
        P("a", model="T1000"),
        P("b", model="T1000", key="other"),
        lock_factory=factory,
        reporter_class=functools.partial(RedisReporter, client=counters),
    )
    with lock:
        pass
    query = Query(counters)
    assert query.all_tags() == ["key", "model"]
    assert query.all_values("key") == ["a", "other"]
    assert query.all_values("model") == ["t1000"]
    counts = query.all_aspects("model", "T1000")
    assert counts["lock_acquire_wait"] == pytest.approx(2 * (lock.acquire_timer.duration or 0))
    assert counts["lock_release_wait"] == pytest.approx(2 * (lock.release_timer.duration or 0))
    assert counts["lock_release_count"] == counts["lock_request_count"] == 2


def test_every_aspect_adds_up(counters: Counters | FileCounters) -> None:
    one = Reporter(client=counters, make="nxp", model="k64f")
    one.lock_requested()
    one.lock_success(wait=10)
    one.lock_released(wait=25)
    one.lock_released(wait=0.5, lab="north")
    one.lock_released()
    one.lock_failed()
    query = Query(counters)
    assert query.all_tags() == ["lab", "make", "model"]
    assert query.all_aspects("model", "k64f") == {
        "lock_request_count": 1,
        "lock_acquire_count": 1,
        "lock_acquire_wait": 10,
        "lock_acquire_fail_count": 1,
        "lock_release_count": 3,
        "lock_release_wait": 25.5,
    }
    assert query.all_aspects("lab", "north") == {"lock_release_count": 1, "lock_release_wait": 0.5}
    assert query.aspect("make", "nxp", Aspects.lock_release_count) == 3
    one._clear_all()
    assert (query.all_tags(), query.all_aspects("model", "k64f")) == ([], {})


def test_reporters_and_queries_share_the_counts_of_the_process() -> None:
    Reporter(only="here").lock_requested()
    assert "only" in Query().all_tags()
    assert Query().all_values("only") == ["here"]


def test_nothing_is_counted_unless_it_is_asked_for(factory: LockFactory) -> None:
    with Lock("uncounted", lock_factory=factory):
        pass
    DummyReporter(key="uncounted").lock_requested()
    assert "uncounted" not in Query().all_values("key")


def test_what_is_no_aspect_is_refused() -> None:
    with pytest.raises(ValueError, match="'validate'"):
        Aspects.validate("lock_request_count", "validate")
    with pytest.raises(ValueError, match="wrong"):
        Query(Counters()).aspect("a", "b", "wrong")
    with pytest.raises(ValueError, match="wrong"):
        Reporter(client=Counters(), bombproof=False).report({}, {"wrong": 1})


def test_a_failure_to_count_is_logged_or_raised_and_leaves_nothing_locked(
    factory: LockFactory, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    broken = FileCounters(tmp_path)
    with Lock("a", lock_factory=factory, reporter_class=functools.partial(Reporter, client=broken)):
        assert "could not be counted" in caplog.text
    strict = functools.partial(Reporter, client=broken, bombproof=False)
    lock = Lock("a", lock_factory=factory, reporter_class=strict)
    with pytest.raises(Exception, match="unable to open"):
        lock.acquire()
    assert factory.get_lock_list() == []
    lock.reporter_class = DummyReporter
    lock.acquire()
    lock.reporter_class = strict
    with pytest.raises(Exception, match="unable to open"):
        lock.release()
    assert factory.get_lock_list() == []


def test_names_are_kept_in_a_safe_form() -> None:
    assert safe(" some.Daft:string__match ") == "some-daft-string--match"


def test_a_timer_can_be_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([10.0, 11.0, 20.0, 23.0])
    monkeypatch.setattr("time.monotonic", lambda: next(times))
    timer = Timer()
    assert not timer.duration
    with timer:
        pass
    assert (timer.stop(), timer.duration) == (1.0, 1.0)
    assert timer.start().stop() == 3.0


def _count(path: Path, times: int) -> None:
    for _ in range(times):
        Reporter(client=FileCounters(path), bombproof=False, key="a").lock_success(wait=0.25)


def test_processes_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "counts"
    context: Any = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_count, args=(path, 20)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    counts = Counter(Query(FileCounters(path)).all_aspects("key", "a"))
    assert counts == {"lock_acquire_count": 60, "lock_acquire_wait": 15.0}


class RedisLike(Counters):
    """What a redis client is like: it answers in bytes."""

    def smembers(self, name: str) -> Any:
        """Return bytes."""
        return {value.encode() for value in super().smembers(name)}

    def hgetall(self, name: str) -> Any:
        """Return bytes."""
        return {key.encode(): value.encode() for key, value in super().hgetall(name).items()}


def test_counts_can_be_kept_where_resource_locker_keeps_its_own() -> None:
    client = RedisLike()
    Reporter(client=client, model="K.64F").lock_success(wait=2)
    assert client.smembers("_TAGS") == {b"model"}
    assert client.smembers("_TAG_model") == {b"k-64f"}
    assert client.hgetall("model__k-64f") == {
        b"lock_acquire_count": b"1",
        b"lock_acquire_wait": b"2",
    }
    assert Query(client).aspect("model", "K.64F", Aspects.lock_acquire_wait) == 2
    assert Query(client).all_values("model") == ["k-64f"]
