"""respo-lease lock: a lease that curl's connection holds."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from bench_project import PACKAGE, Project
from daemon import Respod, unused_port
from processes import Program, eventually
from shell_lease import RESPO_LEASE, Start, expect_nothing_left, starter

LEASE = PACKAGE / "bash" / "respo-lease"
EXAMPLES = [str(file) for file in (PACKAGE / "bash").glob("*.sh")]


def test_shellcheck_has_nothing_to_say() -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    # All parts are followed from one script; for the others it is enough to look at themselves.
    for arguments in (["--external-sources", str(LEASE)], ["--exclude=SC1091", *EXAMPLES]):
        done = subprocess.run(["shellcheck", *arguments], capture_output=True, check=False)
        assert done.stdout.decode() == ""
        assert done.returncode == 0


def test_the_command_runs_while_the_bench_is_held(project: Project, start: Start) -> None:
    project.prepare(flash="hang")
    program = start(
        *("lock", "bench-1", "--name", "ci-7", "--description", 'a "b" ü', "--tag", "job=1=2"),
        *("--", "./flash.sh", "image with blanks"),
    )
    project.started("flash")
    assert [(it["holder"], it["description"]) for it in project.leases()] == [("ci-7", 'a "b" ü')]
    project.go()
    assert program.wait() == 0
    assert project.ran == ["flash.sh image with blanks on bench-1"]
    expect_nothing_left(project, program)
    (told,) = project.history()
    assert told["reason"] == "released"
    assert told["request"]["tags"] == {"job": "1=2"}


def test_the_exit_code_of_the_command_is_passed_on(project: Project, start: Start) -> None:
    project.prepare(flash="fail")
    program = start("lock", "bench-1", "--", "./flash.sh")
    assert program.wait() == 3
    expect_nothing_left(project, program)


def test_the_command_finds_the_lease_in_its_environment(project: Project, start: Start) -> None:
    program = start(
        "lock", "--", "sh", "-c", "env; cat $RESPO_LEASE_FILE; stat -c %a $RESPO_LEASE_FILE"
    )
    assert program.wait() == 0, program.output
    lines = program.output.splitlines()
    variables = dict(line.split("=", 1) for line in lines if line.startswith("RESPO_"))
    lease = json.loads(next(line for line in lines if line.startswith("{")))
    assert variables["RESPO_RESOURCE"] == variables["RESPO_RESOURCES"] == "bench-1"
    assert variables["RESPO_DUT_SOCKET"] == "127.0.0.1:4567"
    assert variables["RESPO_DUT_CONSOLE_BAUD"] == "115200"
    assert variables["RESPO_URL"] == lease["url"] == project.respod.url
    assert variables["RESPO_FENCE"] == str(lease["fence"])
    assert variables["RESPO_LEASE_ID"] == str(lease["id"])
    assert lines[-1] == "600"
    assert not Path(variables["RESPO_LEASE_FILE"]).exists()


def test_the_command_reads_what_is_given_as_input(project: Project) -> None:
    done = subprocess.run(
        [RESPO_LEASE, "lock", "bench-1", "--", "cat"],
        env=project.environment(),
        input=b"an image",
        capture_output=True,
        timeout=30,
        check=True,
    )
    assert done.stdout == b"an image"


def test_rpclient_understands_the_lease_file(project: Project, start: Start) -> None:
    program = start("lock", "--", "sh", "-c", "rpclient extend --by 1h 2>&1; rpclient release")
    assert program.wait() in {0, 92}, program.output
    assert "no lease file" not in program.output
    project.becomes_free()


def test_what_an_outer_lease_has_set_is_not_taken_for_the_own(start: Start) -> None:
    program = start("lock", "--", "env", RESPO_2_RESOURCE="stale", RESPO_OLD_SOCKET="stale")
    assert program.wait() == 0
    assert "stale" not in program.output


@pytest.mark.parametrize("variable", ["RESPO_URL", "--url"])
def test_where_respod_is_can_be_said(project: Project, start: Start, variable: str) -> None:
    url = project.respod.url + "/"
    arguments = ["--url", url] if variable == "--url" else []
    program = start("lock", *arguments, "--", "true", **({} if arguments else {"RESPO_URL": url}))
    assert program.wait() == 0, program.output


def test_a_busy_bench_ends_it_with_90(project: Project, start: Start) -> None:
    with project.hold():
        at_once = start("lock", "bench-1", "--no-wait", "--", "./flash.sh")
        assert at_once.wait() == 90
        assert "held by ci-88" in at_once.output
        later = start("lock", "bench-1", "--wait", "300ms", "--", "./flash.sh")
        assert later.wait() == 90
        assert project.requests() == []
    assert project.ran == []
    expect_nothing_left(project, later)


def test_who_waits_is_told_why_and_gets_the_bench(project: Project, start: Start) -> None:
    with project.hold():
        first = start("lock", "bench-1", "--", "./flash.sh")
        first.says("waiting, position 1 of 1: bench-1 held by ci-88 for ")
        second = start("lock", "bench-1", "--", "./measure.sh")
        second.says("waiting, position 2 of 2")
    assert first.wait() == 0
    assert second.wait() == 0
    assert project.ran == ["flash.sh  on bench-1", "measure.sh  on bench-1"]


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["bench-9"], 91, 'no resource is named "bench-9"'),
        (["location=office1", "+odd"], 91, "no_such"),
        (["bench-1", "--pool", "nowhere"], 91, "no_such_pool"),
        (["bench-1", "--wait", "soon"], 2, "'soon' is no duration"),
        (["bench-1", "--priority", "high"], 2, "'high' is no whole number"),
        (["bench-1", "--tag", "x"], 2, "write KEY=VALUE"),
        (["{arm64"], 2, "does not end"),
        (["bench-1", "--colour", "red"], 2, "there is no option --colour"),
        (["bench-1", "--priority", "5000"], 2, "malformed"),
    ],
)
def test_what_cannot_be_has_an_exit_code(
    project: Project, start: Start, arguments: list[str], code: int, text: str
) -> None:
    program = start("lock", *arguments, "--", "./flash.sh")
    assert program.wait() == code, program.output
    assert text in program.output
    assert project.ran == []
    assert program.left_behind() == []
    assert project.leftovers() == []


def test_without_a_command_it_is_wrong_usage(start: Start) -> None:
    assert start("lock", "bench-1").wait() == 2
    assert start("lock", "bench-1", "--").wait() == 2
    assert start().wait() == 2
    assert start("--help").wait() == 0


def test_where_nobody_listens_it_ends_with_93(start: Start) -> None:
    program = start("lock", "--", "true", RESPO_URL=f"http://127.0.0.1:{unused_port()}")
    assert program.wait() == 93
    assert "connection refused" in program.output


@pytest.mark.parametrize(("command", "code"), [("./nothing", 127), ("./go", 126)])
def test_a_command_that_cannot_be_run_has_the_shells_code(
    project: Project, start: Start, command: str, code: int
) -> None:
    (project.folder / "go").write_text("no program")
    program = start("lock", "bench-1", "--", command)
    assert program.wait() == code
    expect_nothing_left(project, program)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_reaches_the_command_before_the_bench_is_free(
    project: Project, start: Start, number: signal.Signals
) -> None:
    project.prepare(flash="hang")
    program = start("lock", "bench-1", "--", "./flash.sh")
    project.started("flash")
    program.signal(number)
    assert program.wait() == 128 + number
    project.ended("flash")
    expect_nothing_left(project, program)


def test_a_command_that_tidies_up_holds_the_bench_meanwhile(project: Project, start: Start) -> None:
    project.prepare(flash="tidy")
    program = start("lock", "bench-1", "--", "./flash.sh")
    project.started("flash")
    program.signal(signal.SIGTERM)
    assert program.wait() == 7
    assert project.ran[-1] == "tidied"
    assert project.history()[-1]["reason"] == "released"


def test_a_signal_to_all_of_its_processes_does_not_take_the_bench_from_the_command(
    project: Project, start: Start
) -> None:
    project.prepare(flash="tidy")
    program = start("lock", "bench-1", "--", "./flash.sh")
    flash = project.started("flash")
    # The command is the last to hear of it.
    for process in sorted(program.left_behind(), key=lambda it: it == flash):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGTERM)
    assert program.wait() == 7
    assert project.ran[-1] == "tidied"
    assert project.history()[-1]["reason"] == "released"
    expect_nothing_left(project, program)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_while_it_waits_leaves_the_queue(
    project: Project, start: Start, number: signal.Signals
) -> None:
    with project.hold():
        program = start("lock", "bench-1", "--", "./flash.sh")
        project.is_waited_for()
        program.signal(number)
        # A shell that dies of a signal is told apart from one that exits so by its parent alone.
        assert program.wait() in {-number, 128 + number}
        eventually("it has left the queue", lambda: not project.requests())
    assert project.ran == []
    eventually("nothing is left", lambda: not program.left_behind())


@pytest.mark.parametrize("of", ["process", "group"])
def test_after_kill_9_the_command_is_ended_and_the_bench_is_free(
    project: Project, start: Start, of: str
) -> None:
    project.prepare(flash="hang")
    program = start("lock", "bench-1", "--", "./flash.sh")
    project.started("flash")
    (program.signal if of == "process" else program.signal_group)(signal.SIGKILL)
    project.ended("flash")
    project.becomes_free()
    eventually("nothing is left", lambda: not program.left_behind())
    assert project.leftovers() == []


def test_an_obstinate_command_is_killed_after_its_grace(project: Project, start: Start) -> None:
    project.prepare(flash="obstinate")
    program = start("lock", "bench-1", "--", "./flash.sh", RESPO_TERM_GRACE="1")
    project.started("flash")
    program.signal_group(signal.SIGKILL)
    project.ended("flash")
    project.becomes_free()


def test_a_lease_that_is_revoked_ends_the_command_with_92(project: Project, start: Start) -> None:
    project.prepare(flash="hang")
    program = start("lock", "bench-1", "--", "./flash.sh")
    project.started("flash")
    (file,) = (project.folder / "tmp").glob("*/lease.json")
    arguments = [str(project.folder / "bin" / "rpclient"), "release", "--file", str(file)]
    subprocess.run(arguments, check=True, capture_output=True)
    assert program.wait() == 92
    assert "the lease is lost: released" in program.output
    project.ended("flash")
    expect_nothing_left(project, program)


def test_a_lease_that_reaches_its_maximum_duration_ends_with_92(
    project: Project, start: Start
) -> None:
    project.prepare(flash="hang")
    program = start("lock", "bench-1", "--max-duration", "1s", "--", "./flash.sh")
    project.started("flash")
    assert program.wait() == 92
    assert "max_duration" in program.output
    project.ended("flash")


def test_a_token_is_never_an_argument_of_a_program(project: Project, start: Start) -> None:
    project.prepare(flash="hang")
    program = start("lock", "bench-1", "--", "./flash.sh")
    project.started("flash")
    (file,) = (project.folder / "tmp").glob("*/lease.json")
    token = json.loads(file.read_text())["token"]
    project.respod.kill()
    program.says("trying to come back")
    project.respod.start()
    program.says("the lease goes on")
    for process in program.left_behind():
        assert token.encode() not in Path(f"/proc/{process}/cmdline").read_bytes()
    project.go()
    program.wait()


def test_several_resources_have_numbers(lab: Respod, tmp_path: Path) -> None:
    project = Project(tmp_path, lab)
    project.prepare()
    programs: list[Program] = []
    try:
        program = starter(project, programs)("lock", "bench-4", "bench-3", "--", "env")
        assert program.wait() == 0, program.output
        for line in (
            "RESPO_RESOURCE=bench-4",
            "RESPO_RESOURCES=bench-4 bench-3",
            "RESPO_2_RESOURCE=bench-3",
            "RESPO_2_RESOURCE_SLOTS=4",
        ):
            assert line in program.output.splitlines()
    finally:
        for program in programs:
            program.end()


def test_the_example_flashes_and_reboots_one_bench(project: Project, start: Start) -> None:
    script = str(project.folder / "tools" / "respo" / "flash-a-bench.sh")
    program = start("image.bin", script=script)
    assert program.wait() == 0, program.output
    assert project.ran == ["flash.sh image.bin on bench-1", "reboot.sh  on bench-1"]
    assert "flashing bench-1 at 127.0.0.1:4567" in program.output
    expect_nothing_left(project, program)


def test_the_example_stops_where_a_command_fails(project: Project, start: Start) -> None:
    project.prepare(flash="fail")
    script = str(project.folder / "tools" / "respo" / "flash-a-bench.sh")
    program = start("image.bin", script=script)
    assert program.wait() == 3
    assert project.ran == ["flash.sh image.bin on bench-1"]
    expect_nothing_left(project, program)


def test_a_script_keeps_the_exit_trap_that_it_had(project: Project, start: Start) -> None:
    script = project.folder / "own.sh"
    script.write_text(
        "#!/usr/bin/env bash\nset -euo pipefail\n"
        "trap 'echo \"own trap after $?: $(rpclient who 2>&1)\"' EXIT\n"
        ". tools/respo/respo.bash\nrespo_acquire bench-1\n"
        "sleep 1000 &\nexit 5\n"
    )
    script.chmod(0o755)
    program = start(script=str(script))
    eventually("it has ended", lambda: not program.runs)
    program.says("own trap after 5: rpclient: nobody holds anything, and nobody waits")
    project.becomes_free()
