"""respo-lease lock: what becomes of the lease when its connection breaks."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest
from bench_project import Project
from daemon import ONE_BENCH, Respod
from processes import Program, is_alive
from shell_lease import Start, expect_nothing_left, starter


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_the_lease_goes_on_over_a_restart_of_respod(
    project: Project, start: Start, how: str
) -> None:
    project.prepare(flash="hang")
    program = start("lock", "bench-1", "--", "./flash.sh")
    process = project.started("flash")
    (before,) = project.leases()
    getattr(project.respod, how)()
    program.says("trying to come back")
    project.respod.start()
    program.says("respod is back, and the lease goes on")
    (after,) = project.leases()
    assert (after["id"], after["fence"]) == (before["id"], before["fence"])
    assert "orphaned_until" not in after
    assert is_alive(process)
    project.go()
    assert program.wait() == 0
    expect_nothing_left(project, program)


def test_a_place_in_the_queue_is_kept_over_a_restart(project: Project, start: Start) -> None:
    project.prepare(flash="hang")
    first = start("lock", "bench-1", "--", "./flash.sh")
    project.started("flash")
    second = start("lock", "bench-1", "--", "./measure.sh")
    project.is_waited_for()
    project.respod.kill()
    first.says("trying to come back")
    second.says("trying to come back")
    project.respod.start()
    second.says("the request goes on")
    first.says("the lease goes on")
    project.go()
    assert first.wait() == 0
    assert second.wait() == 0


def test_a_respod_that_has_forgotten_the_lease_ends_the_command(
    project: Project, start: Start
) -> None:
    project.prepare(flash="hang")
    program = start("lock", "bench-1", "--", "./flash.sh")
    project.started("flash")
    project.respod.kill()
    project.respod.forget_everything()
    project.respod.start()
    assert program.wait() == 92
    assert "wrong_token" in program.output
    project.ended("flash")


def test_a_respod_that_is_stopped_loses_the_lease_before_others_can_have_it(
    project: Project, start: Start
) -> None:
    project.prepare(flash="hang")
    program = start("lock", "bench-1", "--", "./flash.sh")
    project.started("flash")
    project.respod.signal(signal.SIGSTOP)
    try:
        project.ended("flash")
        program.says("no sign of respod for too long")
    finally:
        project.respod.signal(signal.SIGCONT)
    assert program.wait() == 92
    project.becomes_free()


def test_a_short_grace_of_a_respod_that_stops_bounds_how_long_its_lease_is_trusted(
    tmp_path: Path,
) -> None:
    with Respod(ONE_BENCH, "--grace", "1s") as respod, socket.socket() as silent:
        project = Project(tmp_path, respod)
        project.prepare(flash="hang")
        library = project.folder / "tools" / "respo"
        patience = library / "respo" / "coming_back.bash"
        text = patience.read_text()
        patience.write_text(text.replace("_respo_patience=17000", "_respo_patience=600000"))
        assert patience.read_text() != text
        programs: list[Program] = []
        start = starter(project, programs)
        try:
            program = start(
                "lock", "bench-1", "--", "./flash.sh", script=str(library / "respo-lease")
            )
            project.started("flash")
            respod.stop()
            program.says("respod restarts")
            silent.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            silent.bind(respod.address)
            silent.listen()
            assert program.wait() == 92
            assert "no sign of respod for too long" in program.output
        finally:
            for one in programs:
                one.end()
