"""Which tests share a lease, and when it is given back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pytest_runs import run, start
from waiting import eventually

import respo

if TYPE_CHECKING:
    from daemon import Respod

pytest_plugins = ["pytester"]


def test_consecutive_tests_with_equal_needs_share_one_lease(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import pytest

        @pytest.mark.respo("location=office1 +can +lin")
        def test_1(): pass

        # The same in other words; how it is asked for does not count.
        @pytest.mark.respo(location="office1", attributes=["lin", "can"], priority=5, wait="10m")
        def test_2(): pass

        class TestClass:
            @pytest.mark.respo("location=office1 +can", attributes="lin", description="mine")
            def test_3(self): pass

        def test_plain(held):
            assert held() == []

        @pytest.mark.respo("location=office1 +can +lin")
        def test_4(): pass

        @pytest.mark.respo("location=office1 +can +lin", max_duration="1h")
        def test_5(): pass
    """)
    assert run(pytester, lab).expect(passed=6).leases == {
        "test_1": ["1"],
        "test_2": ["1"],
        "test_3": ["1"],
        "test_plain": [],
        "test_4": ["2"],
        "test_5": ["3"],
    }


def test_properties_in_maps_are_equal_to_paths_with_dots() -> None:
    from respo.pytest_plugin.need import Need

    def key(**options: object) -> str:
        return Need.of((), options, {}).key

    assert key(properties={"a": {"b": 1}}) == key(properties={"a.b": 1})
    assert key(entities=[{"properties": {"a": {"b": 1}}}]) == key(entities=[[{"a.b": 1}]])
    assert key(resource=["a", "b"]) == key(resource=["b", "a"])
    assert key(entities=[["a"], ["b"]]) != key(entities=[["b"], ["a"]])
    assert key(count=2) != key(count=1)
    assert key(count=1, pool="a") != key(count=1, pool="b")


SCOPES = {
    "test_a.py": """
        import pytest
        mark = pytest.mark.respo("bench-1", scope={scope!r})

        @mark
        def test_a1(): pass

        def test_a2(held):
            assert held() == {held_between}

        @mark
        def test_a3(): pass

        class TestOne:
            @mark
            def test_a4(self): pass

            def test_a5(self): pass

            @mark
            def test_a6(self): pass

        class TestTwo:
            @mark
            def test_a7(self): pass

        def test_a8(held):
            assert held() == {held_after}
    """,
    "test_b.py": """
        import pytest

        @pytest.mark.respo("bench-1", scope={scope!r})
        def test_b1(): pass

        def test_b2(held):
            assert held() == []
    """,
}


@pytest.mark.parametrize(
    ("scope", "leases", "held"),
    [
        ("function", [1, 2, 3, 4, 5, 6], ([], [])),
        (None, [1, 2, 2, 3, 3, 4], ([], [])),
        ("class", [1, 2, 3, 3, 4, 5], ([], [])),
        ("module", [1, 1, 1, 1, 1, 2], (["bench-1"], [])),
        ("session", [1, 1, 1, 1, 1, 1], (["bench-1"], ["bench-1"])),
    ],
)
def test_the_scope_says_for_how_long_a_lease_is_kept(
    scope: str | None,
    leases: list[int],
    held: tuple[list[str], list[str]],
    pytester: pytest.Pytester,
    lab: Respod,
) -> None:
    for name, source in SCOPES.items():
        text = source.format(scope=scope, held_between=held[0], held_after=held[1])
        pytester.makepyfile(**{name[:-3]: text})
    ran = run(pytester, lab).expect(passed=10)
    had = [int(number) for case in ran.cases for number in case.leases]
    assert had == leases
    assert respo.Client(lab.url).leases() == []


def test_leases_are_shared_only_where_each_test_is_within_the_scope_of_the_other(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile(
        test_a="""
        import pytest
        @pytest.mark.respo("bench-1")
        def test_a1(): pass
        @pytest.mark.respo("bench-1", scope="module")
        def test_a2(): pass
        @pytest.mark.respo("bench-1", scope="session")
        def test_a3(): pass
        """,
        test_b="""
        import pytest
        @pytest.mark.respo("bench-1", scope="session")
        def test_b1(): pass
        @pytest.mark.respo("bench-1", scope="function")
        def test_b2(): pass
        @pytest.mark.respo("bench-1")
        def test_b3(): pass
        """,
        test_c="""
        import pytest
        @pytest.mark.respo("bench-1")
        def test_c1(): pass
        @pytest.mark.respo("bench-1", scope="module")
        def test_c2(): pass
        """,
    )
    had = {name: number for name, (number,) in run(pytester, lab).expect(passed=8).leases.items()}
    assert had == {
        "test_a1": "1",
        "test_a2": "1",
        "test_a3": "1",  # within the module of the lease
        "test_b1": "2",  # beyond it
        "test_b2": "3",
        "test_b3": "4",
        "test_c1": "4",
        "test_c2": "5",  # the lease was used outside of its module
    }
    ran = run(pytester, lab, "test_c.py::test_c1", "test_b.py::test_b3", "test_c.py::test_c2")
    assert ran.expect(passed=3).leases == {"test_c1": ["6"], "test_b3": ["6"], "test_c2": ["7"]}


def test_what_is_held_is_released_before_something_else_is_waited_for(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import pytest

        pytestmark = pytest.mark.respo("bench-1", scope="module")

        @pytest.fixture(scope="module")
        def flashed(respo_module_lease):
            return respo_module_lease.name

        def test_first(flashed, respo_resource):
            assert flashed == respo_resource.name == "bench-1"

        @pytest.mark.respo("bench-2")
        def test_second(): pass

        def test_third(flashed, respo_resource):
            assert flashed == respo_resource.name == "bench-1"
    """)
    client = respo.Client(lab.url)
    with client.lease("bench-2"), start(pytester, lab) as started:
        started.says("test_second waits for bench-2")
        # Neither the tests of the module nor its fixture keep it.
        with client.lease("bench-1", wait="30s"):
            pass
        client.close()
        ran = started.end().expect(passed=3)
    assert ran.leases["test_third"] > ran.leases["test_first"]


@pytest.mark.parametrize("fixture", ["respo_module_lease", "from_factory"])
def test_what_is_kept_for_later_tests_is_released_before_a_fixture_waits(
    fixture: str, pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile(f"""
        import pytest
        mark = pytest.mark.respo("bench-1", scope="session")

        @pytest.fixture
        def from_factory(respo_factory):
            with respo_factory("bench-2") as lease:
                yield lease

        @mark
        def test_1(): pass

        def test_2({fixture}): pass

        @mark
        def test_3(): pass
    """)
    client = respo.Client(lab.url)
    with client.lease("bench-2"), start(pytester, lab, "--respo-needs=bench-2") as started:
        started.says("test_2 waits for bench-2")
        with client.lease("bench-1", wait="30s"):
            pass
        client.close()
        started.end().expect(passed=3)


def test_two_runs_that_need_the_same_benches_do_not_wait_in_a_circle(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import pathlib, time
        import pytest

        def meet(name):
            # Until now, each of the two runs has a bench that the other one needs next.
            pathlib.Path(name).touch()
            while not (pathlib.Path("one").exists() and pathlib.Path("two").exists()):
                time.sleep(0.005)

        class TestOne:
            @pytest.mark.respo("bench-1", scope="session")
            def test_first(self): meet("one")
            @pytest.mark.respo("bench-2", scope="session")
            def test_second(self): pass
            @pytest.mark.respo("bench-1", scope="session")
            def test_third(self): pass

        class TestTwo:
            @pytest.mark.respo("bench-2", scope="session")
            def test_first(self): meet("two")
            @pytest.mark.respo("bench-1", scope="session")
            def test_second(self): pass
            @pytest.mark.respo("bench-2", scope="session")
            def test_third(self): pass
    """)
    options = ("-o", "junit_logging=no", "--timeout=30")
    with start(pytester, lab, "-k", "TestOne", *options) as one:
        with start(pytester, lab, "-k", "TestTwo", *options) as two:
            assert one.end().code == 0, one.said
            assert two.end().code == 0, two.said


def test_a_fixture_of_the_module_and_its_tests_have_the_same_lease(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import pytest

        pytestmark = pytest.mark.respo("location=office1 +can")
        flashed_benches = []

        @pytest.fixture(scope="module")
        def flashed(respo_module_lease):
            flashed_benches.append(respo_module_lease.name)
            yield respo_module_lease
            respo_module_lease.check()

        def test_1(flashed, respo_lease):
            assert flashed is respo_lease

        @pytest.mark.respo("location=office1 +can", scope="function")
        def test_2(respo_lease, flashed):
            assert flashed is respo_lease

        @pytest.mark.parametrize("n", range(3))
        def test_3(respo_lease, flashed, n):
            assert flashed_benches == [respo_lease.name]
    """)
    ran = run(pytester, lab).expect(passed=5)
    assert {tuple(numbers) for numbers in ran.leases.values()} == {("1",)}


def test_fixtures_of_the_class_and_of_the_session_lease_too(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import pytest

        @pytest.fixture(scope="session")
        def switch(respo_session_lease):
            return respo_session_lease.name

        def test_session(switch, held):
            assert held() == ["bench-5"] == [switch]

        @pytest.mark.respo("bench-2")
        class TestClass:
            def test_1(self, respo_class_lease, respo_resource, held):
                assert respo_class_lease.name == respo_resource.name == "bench-2"
                assert held() == ["bench-2"]

            def test_2(self, respo_class_lease, switch, held):
                # It asks for both.
                assert held() == ["bench-2", "bench-5"]

        def test_none(respo_module_lease):
            pass
    """)
    ran = run(pytester, lab, "--respo-needs=bench-5").expect(passed=4)
    assert ran["test_none"].resources == ["bench-5"]
    ran = run(pytester, lab, "-k", "test_none").expect(errors=1)
    assert "nothing says what the module needs, which respo_module_lease is to lease" in ran.out


def test_the_factory_leases_in_tests_and_in_fixtures(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import pytest, respo

        @pytest.fixture(scope="module")
        def phone(respo_factory):
            with respo_factory("+lte", location="office2", wait="10s") as phone:
                yield phone

        def test_fixture(phone, held):
            assert held() == [phone.name]

        @pytest.mark.respo("bench-1")
        def test_both(phone, respo_factory, held):
            with respo_factory("bench-2") as more:
                assert held() == sorted(["bench-1", more.name, phone.name])
            assert held() == sorted(["bench-1", phone.name])

        def test_errors(respo_factory, phone):
            with pytest.raises(respo.Busy, match=phone.name):
                respo_factory(resource=phone.name, wait=0).__enter__()
            with pytest.raises(respo.NoSuch):
                respo_factory("+gold").__enter__()
            with pytest.raises(TypeError, match="takes no scope"):
                respo_factory("+gold", scope="module").__enter__()
    """)
    ran = run(pytester, lab).expect(passed=3)
    assert len(ran["test_both"].leases) == 3
    assert respo.Client(lab.url).leases() == []


def test_tests_with_equal_needs_are_brought_together_when_asked_for(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import pytest
        first, second = pytest.mark.respo("bench-1"), pytest.mark.respo("bench-2")

        @first
        def test_1(): pass
        def test_plain_1(): pass
        @second
        def test_2(): pass
        @first
        def test_3(): pass
        def test_plain_2(): pass
        @second
        def test_4(): pass
        @first
        def test_5(): pass
    """)
    ran = run(pytester, lab).expect(passed=7)
    assert ran.order == [f"test_{name}" for name in ("1", "plain_1", "2", "3", "plain_2", "4", "5")]
    assert len({tuple(numbers) for numbers in ran.leases.values()}) == 6
    for option in ("--respo-group", "-orespo_group=true"):
        ran = run(pytester, lab, option).expect(passed=7)
        names = ("1", "3", "5", "plain_1", "plain_2", "2", "4")
        assert ran.order == [f"test_{name}" for name in names]
        assert len({tuple(numbers) for numbers in ran.leases.values()}) == 3


def test_grouping_keeps_the_modules_of_leases_of_that_scope_apart(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    source = """
        import pytest
        @pytest.mark.respo("bench-1", scope="module")
        def test_{0}1(): pass
        @pytest.mark.respo("bench-2", scope="session")
        def test_{0}2(): pass
        @pytest.mark.respo("bench-1", scope="module")
        def test_{0}3(): pass
    """
    pytester.makepyfile(test_a=source.format("a"), test_b=source.format("b"))
    ran = run(pytester, lab, "--respo-group").expect(passed=6)
    assert ran.order == [f"test_{name}" for name in ("a1", "a3", "a2", "b2", "b1", "b3")]
    assert list(ran.leases.values()) == [["1"]] * 2 + [["2"]] * 2 + [["3"]] * 2


def test_a_lease_of_the_session_goes_after_the_last_test_that_needs_it(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import pytest
        mark = pytest.mark.respo("bench-1", scope="session")
        @mark
        def test_1(): pass
        def test_2(held): assert held() == ["bench-1"]
        @mark
        def test_3(): pass
        def test_4(pause): pause()
    """)
    with start(pytester, lab) as started:
        started.reaches()
        assert respo.Client(lab.url).leases() == []
        started.go_on()
        started.end().expect(passed=4)


@pytest.mark.parametrize("option", ["-x", "--lf", "--stepwise"])
def test_runs_that_stop_early_or_leave_tests_out_release_what_they_held(
    option: str, pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import pytest
        pytestmark = pytest.mark.respo("bench-1", scope="session")
        def test_1(): pass
        def test_2(): assert 0
        def test_3(): pass
    """)
    first = run(pytester, lab, "-x").expect(passed=1, failed=1)
    assert first.leases == {"test_1": ["1"], "test_2": ["1"]}
    again = run(pytester, lab, option)
    assert again["test_2"].leases == ["2"], again.said
    assert respo.Client(lab.url).leases() == []


def test_what_a_teardown_does_still_has_the_bench(pytester: pytest.Pytester, lab: Respod) -> None:
    pytester.makepyfile("""
        import pytest

        @pytest.fixture
        def console(respo_lease, held):
            yield
            respo_lease.check()
            assert held() == ["bench-1"]

        @pytest.mark.respo("bench-1")
        def test_1(console): pass

        @pytest.mark.respo("bench-2")
        def test_2(): pass
    """)
    run(pytester, lab).expect(passed=2)
    eventually("all is free", lambda: respo.Client(lab.url).leases() == [])
