"""Leases that are lost, and a respod that goes away, in mid-test."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from pytest_runs import run, start

import respo

if TYPE_CHECKING:
    from daemon import Respod

pytest_plugins = ["pytester"]

# The lease is lost by its maximum duration: the test needs no administrator.
LOSING = 'pytest.mark.respo("bench-1", max_duration="300ms", scope="module")'


def test_a_lost_lease_fails_the_test_at_once_and_the_next_test_gets_a_new_one(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile(
        test_boot="""
        import time
        import pytest

        pytestmark = pytest.mark.respo("bench-1", scope="module")

        def test_before(): pass

        def test_lost(pause):
            pause()

        def test_after(respo_lease):
            respo_lease.check()
    """
    )
    with start(pytester, lab) as started:
        started.reaches()
        lab.revoke_all()
        # It is interrupted: nobody lets it go on.
        ran = started.end().expect(passed=2, failed=1)
    assert ran.leases == {"test_before": ["1"], "test_lost": ["1"], "test_after": ["2"]}
    said = "lease 1 was lost: an administrator ended it (the test ran on bench-1)"
    assert f"respo.LeaseLost: {said}" in ran.out
    # What the test was doing is shown.
    assert ">       pause()" in ran.out
    assert "The test ran on bench-1 at office1 (lease 1, fence 1, pool lab). " in ran.out
    assert "The lease was lost (revoked)." in ran.out
    assert re.search(
        r"^bench-1: .*\(lease 1, fence 1, pool lab\); lost \(revoked\)$", ran.out, re.MULTILINE
    )
    assert "FAILED test_boot.py::test_lost - [bench-1] respo.LeaseLost: " in ran.out


def test_a_test_that_ends_well_fails_if_its_lease_was_lost_meanwhile(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile(f"""
        import pytest, respo, time

        @{LOSING}
        def test_catches(respo_lease):
            with pytest.raises(respo.LeaseLost):
                while True:
                    time.sleep(0.005)
    """)
    ran = run(pytester, lab).expect(failed=1)
    assert "maximum duration (the test ran on bench-1)" in ran["test_catches"].message
    assert "\nlease 1 was lost" in ran.out
    assert "pytest_plugin" not in ran.out


def test_the_event_loop_of_a_test_is_not_interrupted(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile(f"""
        import asyncio
        import pytest

        @{LOSING}
        async def test_it(respo_lease):
            while not respo_lease.lost:
                await asyncio.sleep(0.005)
            print("the test has ended well")
    """)
    # What pytest-asyncio and the like do.
    pytester.path.joinpath("loops.py").write_text("""
import asyncio
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    asyncio.run(pyfuncitem.obj(respo_lease=pyfuncitem.funcargs["respo_lease"]))
    return True
""")
    ran = run(pytester, lab, "-p", "loops").expect(failed=1)
    assert "the test has ended well" in ran.out
    assert "(the test ran on bench-1)" in ran["test_it"].message


def test_a_lease_lost_while_fixtures_are_set_up_fails_the_test(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile(f"""
        import pytest, time

        @pytest.fixture
        def flashed(respo_lease):
            while not respo_lease.lost:
                time.sleep(0.005)
            yield
            assert respo_lease.lost

        @{LOSING}
        def test_it(flashed):
            raise RuntimeError("this is not reached")
    """)
    ran = run(pytester, lab).expect(failed=1)
    assert "(the test ran on bench-1)" in ran["test_it"].message
    assert "not reached" not in ran["test_it"].message


def test_fixtures_on_a_lost_lease_are_set_up_anew(pytester: pytest.Pytester, lab: Respod) -> None:
    pytester.makepyfile("""
        import pytest

        pytestmark = pytest.mark.respo("bench-1")
        steps = []

        @pytest.fixture(scope="module")
        def flashed(respo_module_lease):
            steps.append(f"flash {respo_module_lease.id}")
            yield respo_module_lease
            steps.append(f"erase {respo_module_lease.id}")

        @pytest.fixture(scope="module")
        def other():
            steps.append("set up")
            yield

        def test_lost(other, flashed, pause):
            pause()

        def test_after(other, flashed, respo_lease):
            assert flashed is respo_lease
            respo_lease.check()
            assert steps == ["set up", "flash 1", "erase 1", "flash 2"]

        def test_quick(flashed):
            assert flashed.id == 2
    """)
    with start(pytester, lab) as started:
        started.reaches()
        lab.revoke_all()
        ran = started.end().expect(failed=1, passed=2)
    assert ran.leases == {"test_lost": ["1"], "test_after": ["2"], "test_quick": ["2"]}


def test_a_lease_lost_between_two_tests_is_replaced(pytester: pytest.Pytester, lab: Respod) -> None:
    pytester.makepyfile("""
        import pytest
        mark = pytest.mark.respo("bench-1", scope="module")

        @pytest.fixture(scope="module")
        def flashed(respo_module_lease):
            return respo_module_lease

        @mark
        def test_1(): pass

        def test_2(pause):
            pause()

        @mark
        def test_3(respo_lease):
            respo_lease.check()
    """)
    with start(pytester, lab) as started:
        started.reaches()
        lab.revoke_all()
        started.go_on()
        ran = started.end().expect(passed=3)
    assert ran.leases == {"test_1": ["1"], "test_2": [], "test_3": ["2"]}
    assert "lost (revoked)" in ran.out


def test_a_lost_lease_of_the_factory_fails_the_test(pytester: pytest.Pytester, lab: Respod) -> None:
    pytester.makepyfile("""
        import pytest

        @pytest.fixture(scope="module")
        def phone(respo_factory):
            with respo_factory("bench-3") as phone:
                yield phone

        def test_fixture(phone, pause):
            pause("first")

        def test_plain(): pass
    """)
    with start(pytester, lab) as started:
        started.reaches("first")
        lab.revoke_all()
        ran = started.end()
    assert "(the test ran on bench-3)" in ran["test_fixture"].message
    # The fixture belongs to the test's own code: what it holds stays lost, and its tests say so.
    assert "an administrator ended it" in ran["test_plain"].message


def test_what_a_test_leases_in_its_course_is_watched_too(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import pytest

        def test_block(respo_factory, pause):
            with respo_factory("bench-3"):
                pause("block")

        def test_quiet(respo_factory):
            with respo_factory("bench-3", max_duration="100ms") as phone:
                with pytest.raises(BaseException):
                    while True: pass
    """)
    with start(pytester, lab) as started:
        started.reaches("block")
        lab.revoke_all()
        ran = started.end().expect(failed=2)
    assert "an administrator ended it (the test ran on bench-3)" in ran["test_block"].message
    assert "maximum duration (the test ran on bench-3)" in ran["test_quiet"].message


def test_a_respod_that_is_killed_and_started_in_mid_test_does_no_harm(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import pytest

        pytestmark = pytest.mark.respo("bench-1")

        def test_1(respo_lease, pause, request):
            before = (respo_lease.id, respo_lease.fence)
            pause()
            respo_lease.check()
            assert (respo_lease.id, respo_lease.fence) == before

        def test_2(respo_lease, held):
            assert respo_lease.fence == 1
            assert held() == ["bench-1"]
    """)
    with start(pytester, lab) as started:
        started.reaches()
        lab.restart()
        (lease,) = respo.Client(lab.url).leases()
        assert lease.fence == 1
        started.go_on()
        ran = started.end().expect(passed=2)
    assert ran.leases == {"test_1": ["1"], "test_2": ["1"]}
    assert respo.Client(lab.url).leases() == []


def test_that_respod_was_away_is_in_the_log_of_a_test_that_fails(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import pytest, time, respo

        @pytest.mark.respo("bench-1")
        def test_1(pause, caplog):
            pause()
            while "respod was away" not in caplog.text:
                time.sleep(0.005)
            assert 0
    """)
    with start(pytester, lab) as started:
        started.reaches()
        lab.restart()
        started.go_on()
        ran = started.end().expect(failed=1)
    assert re.search(
        r"^WARNING  respo.* respod was away for .*nothing is lost", ran.out, re.MULTILINE
    )
