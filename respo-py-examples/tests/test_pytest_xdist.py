"""Runs with pytest-xdist: workers, and workers that die."""

from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING

import pytest
from pytest_runs import run, start
from waiting import eventually

import respo

if TYPE_CHECKING:
    from daemon import Respod

pytest_plugins = ["pytester"]


def leased(respod: Respod) -> list[str]:
    """Return what is leased at this moment."""
    states = ("leased", "orphaned")
    return [one.name for one in respo.Client(respod.url).list(state=states)]


def test_each_worker_has_a_lease_of_its_own(pytester: pytest.Pytester, lab: Respod) -> None:
    pytester.makepyfile("""
        import os
        import pytest
        pytestmark = pytest.mark.respo("location=office1 +can", scope="session")

        @pytest.mark.parametrize("n", range(6))
        def test_it(n, pause):
            # Each of the two workers is in a test at the same time.
            pause(os.environ["PYTEST_XDIST_WORKER"])
            assert n < 4
    """)
    with start(pytester, lab, "-n2") as started:
        started.reaches("gw0")
        started.reaches("gw1")
        assert leased(lab) == ["bench-1", "bench-2"]
        descriptions = {one.description for one in respo.Client(lab.url).leases()}
        assert {text[-5:] for text in descriptions if text} == {", gw0", ", gw1"}
        started.go_on()
        ran = started.end().expect(passed=4, failed=2)
    assert {number for case in ran.cases for number in case.leases} == {"1", "2"}
    lines = re.findall(r"^bench-\d: .*, (\d) tests? .* by (gw\d)$", ran.out, re.MULTILINE)
    assert sorted(worker for _, worker in lines) == ["gw0", "gw1"]
    assert sum(int(count) for count, _ in lines) == 6
    assert ran.out.count("The test ran on bench-") == 2
    assert leased(lab) == []


def test_workers_share_one_bench_in_turn_and_show_that_they_wait(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import pathlib, time
        import pytest

        @pytest.mark.respo("bench-5", scope="function")
        @pytest.mark.parametrize("n", range(6))
        def test_it(n, respo_lease, held):
            pathlib.Path("in-use").mkdir()
            assert held() == ["bench-5"]
            pathlib.Path("in-use").rmdir()
    """)
    with respo.Client(lab.url, name="ci-88").lease("bench-5") as bench:
        with start(pytester, lab, "-n2") as started:
            started.says("respo [gw0]: ")
            started.says("respo [gw1]: ")
            started.says("bench-5 held by ci-88 for ")
            bench.release()
            ran = started.end().expect(passed=6)
    assert len({case.leases[0] for case in ran.cases}) == 6


@pytest.mark.parametrize("how", ["os._exit(1)", "os.kill(os.getpid(), 9)"])
def test_a_worker_that_crashes_leaves_no_lease_and_its_successor_gets_one(
    how: str, pytester: pytest.Pytester, respod: Respod
) -> None:
    # There is one bench: were it not freed, nobody would get it any more.
    pytester.makepyfile(
        test_boot=f"""
        import os
        import pytest
        pytestmark = pytest.mark.respo("bench-1", scope="session")

        def test_1(): pass

        def test_crash(pause):
            pause()
            {how}

        def test_3(held):
            assert held() == ["bench-1"]

        def test_4(): pass
    """
    )
    with start(pytester, respod, "-n1", "--timeout=30") as started:
        started.reaches()
        assert leased(respod) == ["bench-1"]
        started.go_on()
        ran = started.end()
    assert {case.name: case.outcome for case in ran.cases if case.name} == {
        "test_1": "passed",
        "test_crash": "errors",
        "test_3": "passed",
        "test_4": "passed",
    }
    assert ran["test_3"].leases == ["2"]
    assert "worker 'gw0' crashed while running" in ran.out
    assert "The test ran on bench-1 (lease 1, fence 1, pool lab)." in ran.out
    assert re.search(
        r"^bench-1: .*2 tests .*lease 1,.* by gw0; not released", ran.out, re.MULTILINE
    )
    assert re.search(r"^bench-1: .*2 tests .*lease 2,.* by gw1$", ran.out, re.MULTILINE)
    assert leased(respod) == []


def test_the_end_of_the_whole_run_by_kill_9_frees_its_benches(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import os
        import pytest
        pytestmark = pytest.mark.respo("location=office1 +can", scope="session")
        @pytest.mark.parametrize("n", range(4))
        def test_it(n, pause):
            pause(os.environ["PYTEST_XDIST_WORKER"])
    """)
    with start(pytester, lab, "-n2") as started:
        started.reaches("gw0")
        started.reaches("gw1")
        assert leased(lab) == ["bench-1", "bench-2"]
        os.killpg(started.process.pid, signal.SIGKILL)
        eventually("all is free", lambda: leased(lab) == [])


def test_workers_end_with_the_process_that_started_them(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import pytest
        @pytest.mark.respo("bench-1")
        def test_it(pause):
            pause()
    """)
    with start(pytester, lab, "-n1") as started:
        started.reaches()
        started.process.kill()
        # execnet gives a worker 5 seconds before it interrupts the test.
        eventually("all is free", lambda: leased(lab) == [])


def test_a_respod_that_restarts_keeps_the_leases_of_all_workers(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import os
        import pytest
        pytestmark = pytest.mark.respo("location=office1 +can", scope="session")
        @pytest.mark.parametrize("n", range(4))
        def test_it(n, pause, respo_lease):
            pause(os.environ["PYTEST_XDIST_WORKER"])
            respo_lease.check()
            assert respo_lease.fence in (1, 2)
    """)
    with start(pytester, lab, "-n2") as started:
        started.reaches("gw0")
        started.reaches("gw1")
        lab.restart()
        started.go_on()
        started.end().expect(passed=4)


def test_a_bad_mark_fails_its_test_in_a_worker(pytester: pytest.Pytester, lab: Respod) -> None:
    pytester.makepyfile("""
        import pytest
        @pytest.mark.respo("bench-1", scope="forever")
        def test_bad(): pass
        @pytest.mark.respo("bench-1")
        def test_good(): pass
    """)
    ran = run(pytester, lab, "-n2").expect(errors=1, passed=1)
    assert "test_bad: scope='forever': the scopes are" in ran.out
    assert "Traceback" not in ran.said


def test_grouping_works_with_workers(pytester: pytest.Pytester, lab: Respod) -> None:
    pytester.makepyfile("""
        import pytest
        @pytest.mark.parametrize("n", range(4))
        @pytest.mark.parametrize("respo_lease", ["bench-1", "bench-2"], indirect=True)
        def test_it(respo_lease, n): pass
    """)
    ran = run(pytester, lab, "-n1", "--respo-group").expect(passed=8)
    assert len({case.leases[0] for case in ran.cases}) == 2
    assert [name for name in ran.order if "bench-1" in name] == ran.order[:4]


def test_tests_that_are_dealt_out_in_groups_have_their_benches(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import pytest

        @pytest.fixture(autouse=True)
        def note(record_property):
            record_property("respo_lease", "something of the test's own")

        @pytest.mark.xdist_group("one")
        @pytest.mark.respo("bench-1", scope="session")
        class TestOne:
            def test_1(self): pass
            def test_2(self): pass

        @pytest.mark.xdist_group("two")
        class TestTwo:
            @pytest.mark.respo("bench-2", scope="forever")
            def test_bad(self): pass
            @pytest.mark.respo("bench-2")
            def test_good(self, respo_resource): pass
    """)
    ran = run(pytester, lab, "-n2", "--dist=loadgroup").expect(passed=3, errors=1)
    counts = re.findall(r"^(bench-\d): .*, (\d) tests? ", ran.out, re.MULTILINE)
    assert sum(int(count) for name, count in counts if name == "bench-1") == 2
    assert sum(int(count) for name, count in counts if name == "bench-2") == 1


def test_without_a_respod_the_tests_of_workers_are_skipped_where_that_is_chosen(
    pytester: pytest.Pytester, respod: Respod
) -> None:
    pytester.makepyfile("""
        import pytest
        @pytest.mark.respo("bench-1")
        @pytest.mark.parametrize("n", range(3))
        def test_it(n): pass
    """)
    respod.kill()
    ran = run(pytester, respod, "-n2", "--respo-missing=skip", "-rs").expect(skipped=3)
    assert "respod cannot be reached: nothing listens at" in ran.out
    respod.start()
