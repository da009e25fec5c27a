"""resource_locker and its stand-in, held against the same expectations."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest
from daemon import Respod
from keys import KEYS
from test_resource_locker_reporter import RedisLike

import respo
from respo.resource_locker import LockFactory

pytest.importorskip("resource_locker", reason="the extra test has it")


@pytest.fixture(params=["resource_locker", "respo.resource_locker"])
def package(request: pytest.FixtureRequest) -> Any:
    """Each of the two in turn."""
    return importlib.import_module(request.param)


@pytest.fixture
def options() -> Iterator[dict[str, Any]]:
    """What makes a lock use respo, and not wait."""
    with Respod(KEYS) as daemon, respo.Client(daemon.url) as client:
        yield {"block": False, "lock_factory": LockFactory(client)}


def test_bare_things_become_requirements(package: Any, options: dict[str, Any]) -> None:
    some = package.R("a", "x", "y", "z", need=2)
    with package.Lock(some, "b", package.R(package.P("c")), **options) as obtained:
        assert isinstance(obtained, list)
        assert obtained[0] is some
        assert {obtained[0][0], some[1]} <= {"a", "x", "y", "z"}
        assert (obtained[1][0], obtained[2][0]) == ("b", "c")
        assert [one.key for one in some.fulfilled] == list(some)
        assert (len(some), len(some.potentials), some.count()) == (2, 4, (2, 0))
        with pytest.raises(IndexError):
            _ = obtained[1][1]
    assert (len(some), some.is_fulfilled) == (0, False)


def test_what_is_taken_is_refused(package: Any, options: dict[str, Any]) -> None:
    with package.Lock("a", **options):
        with pytest.raises(package.RequirementNotMet):
            package.Lock("a", "b", **options).acquire()
        with package.Lock(package.R("a", "b"), **options) as obtained:
            assert obtained[0][0] == "b"
    lock = package.Lock("a", "b", **options)
    assert [one[0] for one in lock.acquire()] == ["a", "b"]
    lock.release()
    with package.Lock("b", **options):
        pass


def test_mistakes_are_noticed_when_the_lock_is_made(package: Any, options: dict[str, Any]) -> None:
    for wrong in (("a", "b", package.R("b", "c")), (package.R("a", "a"),)):
        with pytest.raises(ValueError, match="key"):
            package.Lock(*wrong, **options)
    for impossible in (package.R("a", need=2), package.R()):
        with pytest.raises(package.RequirementNotMet):
            package.Lock(impossible, **options)
    with pytest.raises(package.RequirementNotMet):
        package.Lock("a", need=2, **options)
    with package.Lock(**options) as obtained:
        assert obtained == []


def test_requirements_count_and_are_reset(package: Any) -> None:
    a, b, c = package.P("a").reject(), package.P("b").reject(), package.P("c").fulfill()
    for need in (5, 2):
        impossible = package.R(a, b, c, need=need)
        with pytest.raises(package.RequirementNotMet):
            impossible.validate()
        assert (impossible.is_rejected, impossible.is_fulfilled) == (True, False)
    enough = package.R(a, b, c, need=0)
    assert enough.validate() is enough
    assert (enough.need, enough.count(), enough.is_fulfilled, bool(enough)) == (
        1,
        (1, 2),
        True,
        True,
    )
    assert enough.reset() is enough
    assert (enough.count(), bool(enough), c.is_fulfilled, a.is_rejected) == (
        *((0, 0), False, False, False),
    )
    assert enough.add_potential("d").potentials[-1].key == "d"


def test_keys_and_tags(package: Any) -> None:
    thing = {"id": 123}
    made = package.R(
        thing, key_gen=lambda one: str(one["id"]), tag_gen=lambda _: {"x": 1}, tags={"y": 2}
    ).potentials[0]
    assert (made.item, made.key, made.tags) == (thing, "123", {"key": "123", "x": 1, "y": 2})
    assert package.P("a", tags={"x": 1}, x=2).tags == {"key": "a", "x": 2}
    assert package.P("a", key="b").tags == {"key": "b"}
    some = package.R("a", "b", "c", "d").prioritised_potentials(["c", "b"])
    assert [one.key for one in some[2:]] == ["b", "c"]


def test_uses_are_counted(package: Any, options: dict[str, Any]) -> None:
    client = RedisLike()
    importlib.import_module(f"{package.__name__}.reporter")

    class Reporter(package.reporter.RedisReporter):  # type: ignore[misc]
        def __init__(self, **tags: Any) -> None:
            super().__init__(client=client, bombproof=False, **tags)

    query = package.reporter.Query.__new__(package.reporter.Query)
    query.client = client
    with package.Lock(package.P("a", model="T1.000"), "b", reporter_class=Reporter, **options):
        with pytest.raises(package.RequirementNotMet):
            package.Lock("b", reporter_class=Reporter, **options).acquire()
    assert query.all_tags() == ["key", "model"]
    assert query.all_values("key") == ["a", "b"]
    assert query.all_values("model") == ["t1-000"]
    counts = query.all_aspects("model", "T1.000")
    assert sorted(counts) == [
        "lock_acquire_count",
        "lock_acquire_wait",
        "lock_release_count",
        "lock_release_wait",
        "lock_request_count",
    ]
    assert counts["lock_acquire_count"] == counts["lock_release_count"] == 1
    refused = query.all_aspects("key", "b")
    assert (refused["lock_request_count"], refused["lock_acquire_fail_count"]) == (2, 1)
