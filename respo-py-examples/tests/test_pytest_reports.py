"""What pytest says of benches: at its beginning, of tests that fail, and at its end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from pytest_runs import run, start_alone

if TYPE_CHECKING:
    from daemon import Respod

pytest_plugins = ["pytester"]

TESTS = """
    import pytest

    @pytest.fixture
    def broken(respo_lease):
        raise RuntimeError("it is deaf")

    @pytest.fixture
    def breaking():
        yield
        raise RuntimeError("the bench does not switch off")

    @pytest.mark.respo("bench-1")
    class TestBench:
        def test_passes(self): pass
        def test_fails(self): assert 1 == 2
        def test_set_up(self, broken): pass
        def test_torn_down(self, breaking): pass

    def test_plain():
        assert 3 == 4

    def test_more(respo_factory):
        with respo_factory("2 +lte"):
            raise ValueError("it is too loud")
"""


def sections(out: str) -> dict[str, str]:
    """Return what is said of each test that has failed."""
    failures, _, _ = out.partition("= respo: leased")
    _, *parts = re.split(r"^_+ ([^_].*?) _+$", failures, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2]))


def test_the_report_says_which_bench_a_failed_test_ran_on(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile(TESTS)
    said = sections(run(pytester, lab).out)
    place = "The test ran on bench-1 at office1 (lease 1, fence 1, pool lab)."
    for test in (
        "TestBench.test_fails",
        "ERROR at setup of TestBench.test_set_up",
        "ERROR at teardown of TestBench.test_torn_down",
    ):
        assert re.search(r"^-+ respo -+$\n" + re.escape(place), said[test], re.MULTILINE), test
    more = "The test ran on bench-3, bench-4 at office2 (lease 2, fence 2, pool lab)."
    assert more in said["test_more"]
    assert "ran on" not in said["test_plain"]


def test_the_short_lines_and_the_junit_report_name_the_bench(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile(test_boot=TESTS)
    ran = run(pytester, lab, "--tb=line")
    for line in (
        "FAILED test_boot.py::TestBench::test_fails - [bench-1] assert 1 == 2",
        "FAILED test_boot.py::test_plain - assert 3 == 4",
        "FAILED test_boot.py::test_more - [bench-3, bench-4] ValueError: it is too loud",
        "ERROR test_boot.py::TestBench::test_set_up - [bench-1] RuntimeError: it is deaf",
    ):
        assert line in ran.out
    assert ran["test_fails"].message.startswith("[bench-1] assert 1 == 2")
    report = (pytester.path / "report.xml").read_text()
    for name, value in (("resources", "bench-1"), ("lease", "1"), ("fence", "1"), ("pool", "lab")):
        assert f'<property name="respo_{name}" value="{value}" />' in report
    assert ran["test_passes"].resources == ["bench-1"]
    assert ran["test_more"].resources == ["bench-3, bench-4"]


def test_errors_of_fixtures_show_nothing_of_the_plugin(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    folder = pytester.mkdir("tests")
    (folder / "conftest.py").write_text("""
import pytest

@pytest.fixture
def broken():
    raise RuntimeError("it is deaf")

@pytest.fixture
def breaking():
    yield
    raise RuntimeError("it does not switch off")
""")
    (folder / "test_it.py").write_text("""
import pytest

@pytest.mark.respo("bench-1")
def test_set_up(broken): pass

@pytest.mark.respo("bench-1")
def test_torn_down(breaking): pass

@pytest.mark.respo("bench-1")
def test_fails(): assert 0
""")
    out = run(pytester, lab).out
    assert "it does not switch off" in out
    assert "pytest_plugin" not in out
    assert "hooks.py" not in out


def test_the_header_says_where_respo_is_and_the_summary_what_was_leased(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import pytest
        @pytest.mark.respo("bench-1")
        def test_1(): pass
        @pytest.mark.respo("bench-1")
        def test_2(): pass
        @pytest.mark.respo("2 +lte")
        def test_3(): pass
    """)
    out = run(pytester, lab).out
    assert f"\nrespo: {lab.url} (--respo-url)\n" in out
    assert "\nrespo: 3 tests need bench-1; 2 +lte\n" in out
    assert f" respo: leased from {lab.url} " in out
    lines = re.findall(r"^bench.*$", out, re.MULTILINE)
    assert [re.sub(r"for \S+ \S+,", "for …,", line) for line in lines] == [
        "bench-1: leased for …, 2 tests (lease 1, fence 1, pool lab)",
        "bench-3, bench-4: leased for …, 1 test (lease 2, fence 2, pool lab)",
    ]
    assert "respo: leased" not in run(pytester, lab, "-q").out


def test_the_header_says_who_says_where_respo_is(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESPO_URL", "http://lab.example:80")
    with start_alone(pytester) as started:
        assert "respo: http://lab.example:80 (RESPO_URL)" in started.end().out
    pytester.makeini("[pytest]\nrespo_url = http://other.example:81/lab/\n")
    with start_alone(pytester) as started:
        out = started.end().out
    assert "respo: http://other.example:81/lab (respo_url in the ini file)" in out


def test_no_token_is_shown(pytester: pytest.Pytester, lab: Respod) -> None:
    pytester.makepyfile("""
        import pathlib, pytest
        @pytest.mark.respo("bench-1")
        def test_1(respo_lease):
            pathlib.Path("token").write_text(respo_lease.token)
            assert respo_lease.name == "bench-7"
    """)
    ran = run(pytester, lab, "-vv", "--showlocals").expect(failed=1)
    token = (pytester.path / "token").read_text()
    assert len(token) > 8
    assert token not in ran.said
    assert token not in (pytester.path / "report.xml").read_text()
