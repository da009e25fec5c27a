"""How a test says what it needs, and what becomes of what it gets wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pytest_runs import run, start_alone

if TYPE_CHECKING:
    from daemon import Respod

pytest_plugins = ["pytester"]


def test_a_marked_test_gets_its_bench_in_a_fixture(pytester: pytest.Pytester, lab: Respod) -> None:
    pytester.makepyfile("""
        import pytest

        @pytest.mark.respo("location=office1", entities=[["jtag"]])
        def test_it(respo_resource, respo_lease, held):
            assert respo_resource.name == "bench-1"
            assert respo_resource.entities["dut"].attributes == {"arm64"}
            assert respo_lease.resource is respo_resource
            assert held() == ["bench-1"]
    """)
    assert run(pytester, lab, "--strict-markers").expect(passed=1)["test_it"].resources == [
        "bench-1"
    ]


def test_the_mark_alone_leases_and_a_test_without_one_does_not(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import pytest

        @pytest.mark.respo("bench-3")
        def test_marked(held):
            assert held() == ["bench-3"]

        def test_plain(held):
            assert held() == []

        @pytest.mark.skip
        @pytest.mark.respo("bench-4")
        def test_skipped():
            pass
    """)
    ran = run(pytester, lab).expect(passed=2, skipped=1)
    assert ran.leases == {"test_marked": ["1"], "test_plain": [], "test_skipped": []}


def test_several_requirements_are_leased_together(pytester: pytest.Pytester, lab: Respod) -> None:
    pytester.makepyfile("""
        import pytest

        @pytest.mark.respo("2 +lte", "bench-1")
        def test_it(respo_lease):
            phones, (bench,) = respo_lease.by_requirement
            assert sorted(one.name for one in phones) == ["bench-3", "bench-4"]
            assert bench.name == "bench-1"
    """)
    assert run(pytester, lab).expect(passed=1)["test_it"].leases == ["1"]


def test_the_closest_mark_counts_and_replaces_the_others(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import pytest

        pytestmark = pytest.mark.respo("bench-1")

        def test_of_module(respo_resource):
            assert respo_resource.name == "bench-1"

        @pytest.mark.respo("bench-2")
        class TestClass:
            def test_of_class(self, respo_resource):
                assert respo_resource.name == "bench-2"

            @pytest.mark.respo("bench-3")
            def test_of_function(self, respo_resource):
                assert respo_resource.name == "bench-3"

            @pytest.mark.respo("bench-3")
            @pytest.mark.parametrize("n", [pytest.param(4, marks=pytest.mark.respo("bench-4"))])
            def test_of_parameter(self, n, respo_resource):
                assert respo_resource.name == "bench-4"

        @pytest.mark.respo("bench-5")
        class TestDerived(TestClass):
            def test_of_derived_class(self, respo_resource):
                assert respo_resource.name == "bench-5"

            test_of_class = test_of_function = test_of_parameter = None
    """)
    run(pytester, lab).expect(passed=5)


def test_a_parameter_says_what_is_needed(pytester: pytest.Pytester, lab: Respod) -> None:
    pytester.makepyfile("""
        import pytest

        @pytest.mark.respo(description="what the mark says of how", priority=3)
        @pytest.mark.parametrize(
            "respo_lease, expected",
            [
                ("bench-3", ["bench-3"]),
                ({"location": "office1", "attributes": ["lin"]}, ["bench-1"]),
                (["bench-2", "bench-4"], ["bench-2", "bench-4"]),
            ],
            indirect=["respo_lease"],
        )
        def test_it(respo_lease, expected, request):
            assert [one.name for one in respo_lease.resources] == expected
            import respo
            lease, = respo.Client(request.config.getoption("respo_url")).leases()
            assert lease.description == "what the mark says of how"
    """)
    run(pytester, lab).expect(passed=3)


def test_what_is_needed_can_be_said_for_all(pytester: pytest.Pytester, lab: Respod) -> None:
    pytester.makeini("[pytest]\nrespo_needs =\n    location=office2 +can\n")
    pytester.makepyfile("""
        import pytest

        def test_default(respo_resource):
            assert respo_resource.name == "bench-3"

        @pytest.mark.respo(priority=7)
        def test_how(respo_resource):
            assert respo_resource.name == "bench-3"

        @pytest.mark.respo("bench-1")
        def test_own(respo_resource):
            assert respo_resource.name == "bench-1"

        def test_plain(held):
            assert held() == []
    """)
    run(pytester, lab).expect(passed=4)
    ran = run(pytester, lab, "--respo-needs=bench-4", "-k", "default").expect(failed=1)
    assert "'bench-4' == 'bench-3'" in ran.out


def test_options_of_the_command_line_and_of_the_ini_file_go_with_each_request(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makeini("""
        [pytest]
        respo_description = what the ini file says
        respo_priority = 4
        respo_name = ci-88
        respo_pool = lab
    """)
    pytester.makepyfile("""
        import pytest, respo

        @pytest.fixture
        def lease(request):
            lease, = respo.Client(request.config.getoption("respo_url")).leases()
            return lease

        @pytest.mark.respo("bench-1")
        def test_described(lease):
            assert lease.description == "what the ini file says"
            assert lease.holder == "ci-88"

        @pytest.mark.respo("bench-2", description="what the mark says", name="alice")
        def test_mark(lease):
            assert (lease.description, lease.holder) == ("what the mark says", "alice")
    """)
    run(pytester, lab).expect(passed=2)
    ran = run(pytester, lab, "--respo-description=what the option says", "-k", "described")
    assert "'what the option says' == 'what the ini file says'" in ran.expect(failed=1).out


MISTAKES = {
    'respo(locaton="office1")': "there is no argument 'locaton'; did you mean location?",
    "respo(colour=1)": "there is no argument 'colour'; there are scope, ",
    'respo("location=")': "location",
    'respo("bench-1", scope="modul")': (
        "scope='modul': the scopes are 'function', 'class', 'module', 'session'"
    ),
    'respo("bench-1", wait="ten minutes")': "wait: 'ten minutes' is no duration; write seconds",
    'respo("bench-1", priority="high")': "priority: 'high' is no priority; write a whole number",
    'respo("bench-1", tags="nightly")': "tags: 'nightly' is not a map",
    "respo(count=0)": "count: 0 is not a count",
    "respo(location=1)": "location: 1 is not a text",
    "respo(attributes=5)": "attributes: 5 is not a text or a list of texts",
    "respo": "the test has a mark, and nothing says what it needs: mark the test",
    'respo("location=office1", location="office2")': "location is given twice",
    'respo("bench-2")\n@pytest.mark.respo("bench-1")': "what is needed together goes into one",
    'parametrize("respo_lease", ["bench-1"])': "add indirect=['respo_lease']",
    'parametrize("respo_lease", [1.5], indirect=True)': "the parameter 1.5 is no need",
    'usefixtures("respo_resource")': "the test uses respo_resource, and nothing says what",
}


def test_bad_marks_are_usage_errors_that_name_the_test_and_the_remedy(
    pytester: pytest.Pytester,
) -> None:
    source = "import pytest\n"
    for number, mark in enumerate(MISTAKES):
        argument = "respo_lease" if "parametrize" in mark else ""
        source += f"@pytest.mark.{mark}\ndef test_{number:02}({argument}): pass\n"
    pytester.makepyfile(test_boot=source)
    with start_alone(pytester) as started:
        ran = started.end()
    assert ran.code == pytest.ExitCode.USAGE_ERROR, ran.said
    lines = [line for line in ran.error.splitlines() if line.startswith("ERROR: ")]
    assert len(lines) == len(MISTAKES), ran.error
    for number, (line, complaint) in enumerate(zip(lines, MISTAKES.values())):
        assert line.startswith(f"ERROR: respo: test_boot.py::test_{number:02}")
        assert complaint in line
    assert "Traceback" not in ran.said


def test_bad_marks_of_tests_that_are_not_selected_do_not_matter(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import pytest
        @pytest.mark.respo("bench-1", scope="forever")
        def test_bad(): pass
        @pytest.mark.respo("bench-1")
        def test_good(): pass
    """)
    run(pytester, lab, "-k", "good").expect(passed=1)


@pytest.mark.parametrize(
    ("argument", "complaint"),
    [
        ("--respo-url=ftp://there", "--respo-url: "),
        ("--respo-wait=soon", "--respo-wait: 'soon' is no duration"),
        ("--respo-priority=1001", "--respo-priority: 1001 is no priority"),
        ("--respo-priority=top", "--respo-priority: 'top' is no priority"),
        ("--respo-missing=maybe", "--respo-missing: invalid choice: 'maybe'"),
        ("--respo-needs=location=", "--respo-needs: 'location='"),
        ("-orespo_missing=maybe", "respo_missing in the ini file: 'maybe' is neither"),
        ("-orespo_wait=soon", "respo_wait in the ini file: 'soon' is no duration"),
    ],
)
def test_a_bad_option_is_a_usage_error(
    argument: str, complaint: str, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile("def test_it(): pass")
    with start_alone(pytester, argument) as started:
        ran = started.end()
    assert ran.code == pytest.ExitCode.USAGE_ERROR
    assert complaint in ran.error, ran.error


def test_the_mark_is_known_and_explained(pytester: pytest.Pytester) -> None:
    with start_alone(pytester, "--markers", "--strict-markers") as started:
        assert "@pytest.mark.respo(*requirements, scope=None" in started.end().out


def test_the_plugin_can_be_left_out(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import pytest
        def test_plain(): pass
        @pytest.mark.respo("bench-1")
        def test_marked(): pass
        def test_fixture(respo_lease): pass
    """)
    with start_alone(pytester, "-p", "no:respo") as started:
        ran = started.end().expect(passed=2, errors=1)
    assert "fixture 'respo_lease' not found" in ran.out
    assert "respo:" not in ran.out


def test_a_run_that_does_not_use_it_is_told_nothing(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RESPO_URL", raising=False)
    pytester.makepyfile("def test_plain(): pass")
    with start_alone(pytester) as started:
        assert "respo: " not in started.end().expect(passed=1).out


def test_unittest_cases_can_be_marked(pytester: pytest.Pytester, lab: Respod) -> None:
    pytester.makepyfile("""
        import unittest
        import pytest

        @pytest.mark.respo("bench-3")
        class TestCase(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def give(self, respo_resource):
                self.bench = respo_resource

            def test_case(self):
                self.assertEqual(self.bench.name, "bench-3")
    """)
    assert run(pytester, lab).expect(passed=1)["test_case"].leases == ["1"]


def test_a_lease_asked_for_in_mid_test_is_that_of_the_mark(
    pytester: pytest.Pytester, lab: Respod
) -> None:
    pytester.makepyfile("""
        import pytest

        @pytest.mark.respo("bench-2")
        def test_marked(request):
            assert request.getfixturevalue("respo_lease").name == "bench-2"

        def test_unmarked(request):
            request.getfixturevalue("respo_lease")
    """)
    ran = run(pytester, lab).expect(passed=1, failed=1)
    assert "mark it with @pytest.mark.respo" in ran["test_unmarked"].message
