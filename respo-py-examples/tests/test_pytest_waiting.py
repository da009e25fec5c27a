"""Tests that wait for their bench, get none, or are interrupted."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

import pytest
from daemon import unused_port
from pytest_runs import run, start, start_alone
from waiting import eventually

import respo

if TYPE_CHECKING:
    from daemon import Respod

pytest_plugins = ["pytester"]

ONE_TEST = """
    import pytest

    @pytest.mark.respo("bench-1")
    def test_it(respo_resource, pause):
        print("in the test")
        pause()
"""


def is_free(respod: Respod, name: str = "bench-1") -> bool:
    """Return whether respod would lease this."""
    (bench,) = respo.Client(respod.url).list(resource=name)
    return bench.state == "free"


@pytest.mark.parametrize("options", [(), ("-s",), ("-v",), ("--capture=sys",), ("-q", "-q")])
def test_waiting_is_shown_while_it_lasts(
    options: tuple[str, ...], pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile(test_boot=ONE_TEST)
    client = respo.Client(lab.url, name="ci-88")
    with client.lease("bench-1") as bench, start(pytester, lab, *options) as started:
        started.says(
            "respo: test_boot.py::test_it waits for bench-1: "
            "position 1 of 1, bench-1 held by ci-88 for "
        )
        assert "leased bench-1" not in started.said
        bench.release()
        started.says("respo: leased bench-1")
        started.reaches()
        started.go_on()
        assert "test_it waits for" in started.end().expect(passed=1).out


def test_a_test_that_need_not_wait_says_nothing(pytester: pytest.Pytester, lab: Respod) -> None:
    pytester.makepyfile("""
        import pytest
        @pytest.mark.respo("bench-1")
        def test_it(): pass
    """)
    assert "waits for" not in run(pytester, lab).expect(passed=1).said


def test_a_test_that_waits_for_too_long_fails_and_says_who_has_the_bench(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import pytest
        @pytest.mark.respo("bench-1")
        def test_option(): pass
        @pytest.mark.respo("bench-1", wait="50ms")
        def test_mark(): pass
        @pytest.mark.respo("bench-2")
        def test_other(): pass
    """)
    with respo.Client(lab.url, name="ci-88").lease("bench-1"):
        ran = run(pytester, lab, "--respo-wait=0").expect(errors=2, passed=1)
    assert "respo: there is no bench-1 for this test: busy: " in ran.out
    assert "bench-1 is held by ci-88" in ran["test_option"].message + ran.out
    assert "respo: there is no bench-1 for this test: wait_expired: " in ran.out
    assert "Traceback" not in ran.said
    assert "lessor.py" not in ran.said


def test_what_does_not_exist_fails_the_test_with_what_is_wrong(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import pytest
        @pytest.mark.respo("location=office1 +lte")
        def test_no_such(): pass
        @pytest.mark.respo(where="1 +")
        def test_where(): pass
        @pytest.mark.respo("bench-1", pool="office")
        def test_pool(): pass
    """)
    ran = run(pytester, lab).expect(errors=3)
    assert "there is no location=office1 +lte for this test: no_such: " in ran.out
    assert "for this test: malformed: " in ran.out
    assert "for this test: no_such_pool: " in ran.out
    assert "Traceback" not in ran.said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("where", ["in the test", "in the queue"])
def test_an_interrupted_run_leaves_nothing_behind(
    where: str, number: signal.Signals, pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile(test_boot=ONE_TEST)
    client = respo.Client(lab.url)
    with start(pytester, lab) as started:
        if where == "in the queue":
            started.reaches()
            with start(pytester, lab) as second:
                second.says("waits for bench-1")
                second.process.send_signal(number)
                second.process.wait(30)
            eventually("nobody waits", lambda: client.requests() == [])
        else:
            started.reaches()
            assert not is_free(lab)
            started.process.send_signal(number)
            eventually("the bench is free", lambda: is_free(lab))


def test_a_test_that_times_out_gives_its_bench_back(pytester: pytest.Pytester, lab: Respod) -> None:
    pytester.makepyfile("""
        import pytest

        @pytest.mark.respo("bench-1")
        @pytest.mark.timeout(0.2, method="signal", func_only=True)
        def test_in_test(pause):
            pause()

        @pytest.mark.respo("bench-2")
        @pytest.mark.timeout(0.5, method="signal")
        def test_in_queue(): pass

        def test_after(held):
            assert held() == ["bench-2"]
    """)
    with respo.Client(lab.url).lease("bench-2"):
        ran = run(pytester, lab).expect(failed=1, errors=1, passed=1)
    assert "Timeout" in ran["test_in_test"].message
    assert respo.Client(lab.url).requests() == []


def test_a_timeout_that_ends_the_process_gives_the_bench_back(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile(test_boot=ONE_TEST)
    with start(pytester, lab, "--timeout=0.3", "--timeout-method=thread") as started:
        assert started.end().code == 1
    eventually("the bench is free", lambda: is_free(lab))


MISSING = """
    import pytest

    @pytest.mark.respo("bench-1")
    def test_mark(): pass

    def test_factory(respo_factory):
        with respo_factory("bench-1"): pass

    def test_plain(): pass
"""


@pytest.fixture
def nowhere() -> str:
    """A URL where there is no respod."""
    return f"http://127.0.0.1:{unused_port()}"


def test_without_a_respod_tests_that_need_it_fail_and_say_why(
    pytester: pytest.Pytester, nowhere: str
) -> None:
    pytester.makepyfile(MISSING)
    with start_alone(pytester, "--respo-url", nowhere) as started:
        ran = started.end().expect(errors=1, failed=1, passed=1)
    for name in ("test_mark", "test_factory"):
        assert ran[name].outcome in ("errors", "failed")
    message = f"respod cannot be reached: nothing listens at {nowhere}"
    assert ran.out.count(message) >= 2
    assert "--respo-url says so. To skip such tests: --respo-missing=skip" in ran.out


@pytest.mark.parametrize("option", ["--respo-missing=skip", "-orespo_missing=skip"])
def test_without_a_respod_tests_that_need_it_are_skipped_where_that_is_chosen(
    option: str, pytester: pytest.Pytester, nowhere: str
) -> None:
    pytester.makepyfile(test_boot=MISSING)
    with start_alone(pytester, "--respo-url", nowhere, option, "-rs") as started:
        ran = started.end().expect(skipped=2, passed=1)
    assert ran.code == 0
    # The line is that of the test.
    found = re.findall(r"SKIPPED \[1\] (test_boot\.py:\d+): respod cannot be reached", ran.out)
    assert found == ["test_boot.py:3", "test_boot.py:6"]


def test_a_run_for_which_respo_is_not_configured_says_how_to_do_that(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RESPO_URL", raising=False)
    pytester.makeconftest(f"""
        import respo.pytest_plugin.settings
        respo.pytest_plugin.settings.DEFAULT_URL = "http://127.0.0.1:{unused_port()}"
    """)
    pytester.makepyfile(MISSING)
    with start_alone(pytester) as started:
        out = started.end().expect(errors=1, failed=1, passed=1).out
    assert "respo is not configured: no --respo-url, no respo_url in the ini file, no RESPO" in out
    assert "\nrespo: http" not in out


def test_a_respod_that_restarts_between_two_tests_is_waited_for(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import pytest
        @pytest.mark.respo("bench-1")
        def test_1(): pass
        def test_2(pause): pause()
        @pytest.mark.respo("bench-1")
        def test_3(): pass
    """)
    with start(pytester, lab) as started:
        started.reaches()
        lab.kill()
        started.go_on()
        started.says("test_3 waits for bench-1: ")
        lab.start()
        started.end().expect(passed=3)
