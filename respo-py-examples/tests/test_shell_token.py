"""respo-lease acquire, run and release: token leases for jobs of several steps."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess

import pytest
from bench_project import Project
from processes import eventually, is_alive
from shell_lease import Start, expect_nothing_left


def rpclient(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(project.folder / "bin" / "rpclient"), *arguments],
        env=project.environment(),
        cwd=project.folder,
        capture_output=True,
        text=True,
        check=False,
    )


def is_renewed(project: Project) -> None:
    """Wait until the only lease has been renewed."""
    before = project.leases()[0]["expires"]
    eventually("it is renewed", lambda: project.leases()[0]["expires"] > before)


def test_a_lease_is_taken_used_in_steps_and_given_back(project: Project, start: Start) -> None:
    taken = start("acquire", "bench-1", "--name", "ci-7", "--tag", "job=1")
    assert taken.wait() == 0
    assert taken.output.splitlines()[-1] == "bench-1"
    assert taken.left_behind() == []
    file = project.folder / "respo-lease.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text())["url"] == project.respod.url
    for script in ("flash", "measure"):
        assert start("run", "--", f"./{script}.sh").wait() == 0
    assert [lease["holder"] for lease in project.leases()] == ["ci-7"]
    assert project.ran == ["flash.sh  on bench-1", "measure.sh  on bench-1"]
    released = start("release")
    assert released.wait() == 0
    expect_nothing_left(project, released)
    (told,) = project.history()
    assert told["reason"] == "released"


def test_the_lease_outlives_its_ttl_while_a_command_runs(project: Project, start: Start) -> None:
    assert start("acquire", "--ttl", "1s", "--file", "a.json").wait() == 0
    project.prepare(flash="hang")
    program = start("run", "--file", "a.json", "--", "./flash.sh")
    project.started("flash")
    # It ends later and later: after the third renewal more than the ttl has passed.
    for _ in range(4):
        is_renewed(project)
    project.go()
    assert program.wait() == 0
    # Now nobody renews it.
    project.becomes_free()
    assert program.left_behind() == []
    assert start("run", "--file", "a.json", "--", "./measure.sh").wait() == 92
    assert start("release", "--file", "a.json").wait() == 92
    assert project.ran == ["flash.sh  on bench-1"]


def test_rpclient_and_respo_lease_use_each_others_files(project: Project, start: Start) -> None:
    assert rpclient(project, "acquire", "bench-1", "--ttl", "5m").returncode == 0
    assert start("run", "--", "./flash.sh").wait() == 0
    assert start("release").wait() == 0
    assert project.ran == ["flash.sh  on bench-1"]
    assert start("acquire", "bench-1").wait() == 0
    assert rpclient(project, "renew").returncode == 0
    assert rpclient(project, "release").returncode == 0
    project.becomes_free()


def test_the_exit_code_of_the_command_is_passed_on(project: Project, start: Start) -> None:
    assert start("acquire", "bench-1").wait() == 0
    project.prepare(flash="fail")
    assert start("run", "--", "./flash.sh").wait() == 3
    assert start("release").wait() == 0


def test_without_a_file_there_is_nothing_to_release_and_nothing_to_run_with(start: Start) -> None:
    assert start("release").wait() == 0
    program = start("run", "--", "./flash.sh")
    assert program.wait() == 97
    assert "no lease file" in program.output


def test_a_file_whose_lease_is_not_over_is_not_written_over(project: Project, start: Start) -> None:
    assert start("acquire", "bench-1", "--ttl", "1s").wait() == 0
    content = (project.folder / "respo-lease.json").read_text()
    program = start("acquire", "bench-1", "--no-wait")
    assert program.wait() == 97
    assert (project.folder / "respo-lease.json").read_text() == content
    project.becomes_free()
    assert start("acquire", "bench-1").wait() == 0
    assert start("release").wait() == 0


def test_a_busy_bench_ends_it_with_90(project: Project, start: Start) -> None:
    with project.hold():
        at_once = start("acquire", "bench-1", "--no-wait")
        assert at_once.wait() == 90
        later = start("acquire", "bench-1", "--wait", "300ms")
        assert later.wait() == 90
    expect_nothing_left(project, later)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["bench-9"], 91), (["--linger", "1m"], 2), (["--ttl", "x"], 2), (["--ttl", "forever"], 2)],
)
def test_what_cannot_be_has_an_exit_code(
    project: Project, start: Start, arguments: list[str], code: int
) -> None:
    program = start("acquire", *arguments)
    assert program.wait() == code, program.output
    expect_nothing_left(project, program)


def test_who_waits_is_told_why_and_gets_the_bench(project: Project, start: Start) -> None:
    with project.hold():
        program = start("acquire", "bench-1")
        program.says("waiting, position 1 of 1: bench-1 held by ci-88 for ")
        waiting = json.loads((project.folder / "respo-lease.json").read_text())
    assert program.wait() == 0
    held = json.loads((project.folder / "respo-lease.json").read_text())
    assert (held["id"], held["token"]) == (waiting["id"], waiting["token"])
    assert held["resource"]["name"] == "bench-1"
    assert start("run", "--", "./flash.sh").wait() == 0
    assert start("release").wait() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_while_it_waits_leaves_the_queue(
    project: Project, start: Start, number: signal.Signals
) -> None:
    with project.hold():
        program = start("acquire", "bench-1")
        project.is_waited_for()
        program.signal(number)
        assert program.wait() in {-number, 128 + number}
        eventually("it has left the queue", lambda: not project.requests())
    eventually("nothing is left", lambda: not program.left_behind())
    expect_nothing_left(project, program)


def test_a_place_in_the_queue_and_the_lease_outlive_a_restart(
    project: Project, start: Start
) -> None:
    assert start("acquire", "bench-1", "--ttl", "30s", "--file", "a.json").wait() == 0
    project.prepare(flash="hang")
    running = start("run", "--file", "a.json", "--", "./flash.sh")
    process = project.started("flash")
    waiting = start("acquire", "bench-1", "--file", "b.json")
    project.is_waited_for()
    project.respod.restart()
    assert is_alive(process)
    project.go()
    assert running.wait() == 0
    assert start("release", "--file", "a.json").wait() == 0
    assert waiting.wait() == 0
    assert start("release", "--file", "b.json").wait() == 0


def test_a_lease_that_is_lost_ends_the_command_with_92(project: Project, start: Start) -> None:
    assert start("acquire", "bench-1", "--ttl", "2s").wait() == 0
    project.prepare(flash="hang")
    program = start("run", "--", "./flash.sh")
    project.started("flash")
    assert rpclient(project, "release").returncode == 0
    assert program.wait() == 92
    assert "the lease is lost: gone" in program.output
    project.ended("flash")


def test_a_respod_that_does_not_answer_loses_the_lease_within_its_ttl(
    project: Project, start: Start
) -> None:
    assert start("acquire", "bench-1", "--ttl", "3s").wait() == 0
    project.prepare(flash="hang")
    program = start("run", "--", "./flash.sh", RESPO_TERM_GRACE="1")
    project.started("flash")
    project.respod.signal(signal.SIGSTOP)
    try:
        assert program.wait() == 92
        assert "could not be renewed in time" in program.output
        project.ended("flash")
    finally:
        project.respod.signal(signal.SIGCONT)
    project.becomes_free()


CURL = """#!/bin/sh
for argument; do
  [ "$previous" != --max-time ] || allowed=$argument
  previous=$argument
done
{curl} "$@"
code=$?
echo "$allowed $code" >>"$HOME/calls"
exit $code
"""
TIMED_OUT = "28"


def test_calls_that_renew_may_not_take_longer_than_the_lease_lives(
    project: Project, start: Start
) -> None:
    curl = project.folder / "bin" / "curl"
    curl.write_text(CURL.format(curl=shutil.which("curl")))
    curl.chmod(0o755)
    assert start("acquire", "bench-1", "--ttl", "3s").wait() == 0
    project.prepare(flash="hang")
    program = start("run", "--", "./flash.sh", RESPO_TERM_GRACE="0")
    project.started("flash")
    project.respod.signal(signal.SIGSTOP)
    try:
        assert program.wait() == 92
    finally:
        project.respod.signal(signal.SIGCONT)
    calls = [line.split() for line in (project.folder / "calls").read_text().splitlines()]
    # It was renewed last a third of its ttl before the first of these, and there are pauses.
    assert 0 < sum(float(allowed) for allowed, code in calls if code == TIMED_OUT) < 2
    project.becomes_free()


def test_a_respod_that_is_away_for_longer_than_the_ttl_loses_nothing(
    project: Project, start: Start
) -> None:
    assert start("acquire", "bench-1", "--ttl", "1s").wait() == 0
    project.prepare(flash="hang")
    program = start("run", "--", "./flash.sh")
    process = project.started("flash")
    project.respod.kill()
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(2.5)
    assert is_alive(process)
    project.respod.start()
    project.go()
    assert program.wait() == 0
    assert start("release").wait() == 0


def test_after_kill_9_nobody_renews_and_the_command_is_ended(
    project: Project, start: Start
) -> None:
    assert start("acquire", "bench-1", "--ttl", "2s").wait() == 0
    project.prepare(flash="hang")
    program = start("run", "--", "./flash.sh")
    project.started("flash")
    program.signal_group(signal.SIGKILL)
    project.ended("flash")
    eventually("nothing is left", lambda: not program.left_behind())
    project.becomes_free()


def test_the_example_soaks_one_bench_and_gives_it_back(project: Project, start: Start) -> None:
    script = str(project.folder / "tools" / "respo" / "soak-a-bench.sh")
    project.prepare(soak="hang")
    program = start(script=script, TTL="1s")
    project.started("soak")
    is_renewed(project)
    project.go()
    assert program.wait() == 0, program.output
    assert "bench-1 has passed" in program.output
    expect_nothing_left(project, program)
    assert project.history()[-1]["reason"] == "released"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_example_frees_the_bench_however_it_ends(
    project: Project, start: Start, number: signal.Signals
) -> None:
    script = str(project.folder / "tools" / "respo" / "soak-a-bench.sh")
    project.prepare(soak="hang")
    program = start(script=script)
    project.started("soak")
    program.signal(number)
    project.ended("soak")
    assert program.wait() in {-number, 128 + number}
    expect_nothing_left(project, program)
