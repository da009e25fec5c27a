"""The recipes for GitLab CI, GitHub Actions and Jenkins: each frees its bench in the end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
from bench_project import Project
from ci_runners import GitHubJob, GitLabJob, JenkinsJob, Job
from daemon import Respod
from processes import eventually, is_alive

StartJob = Callable[..., Job]
BOTH = pytest.mark.parametrize("kind", ["smoke", "nightly"])
# What is running when something happens to a job.
MIDDLE = {"smoke": "smoke-test", "nightly": "measure"}
HOLDERS = {
    GitLabJob: "gitlab:group/project",
    GitHubJob: "github:group/project",
    JenkinsJob: "jenkins:group/project",
}


@pytest.fixture(params=[GitLabJob, GitHubJob, JenkinsJob], ids=["gitlab", "github", "jenkins"])
def runner(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def project(respod: Respod, tmp_path: Path) -> Project:
    made = Project(tmp_path, respod)
    made.prepare()
    return made


@pytest.fixture
def start(runner: Any, project: Project) -> Iterator[StartJob]:
    jobs: list[Job] = []

    def begin(kind: str, **options: Any) -> Job:
        jobs.append(runner(project, kind, **options))
        return jobs[-1].start()

    yield begin
    for job in jobs:
        job.end()


def expect_nothing_left(project: Project, job: Job) -> None:
    project.becomes_free()
    eventually("no process is left", lambda: not job.left_behind())
    assert project.leftovers() == []


def all_steps(kind: str) -> list[str]:
    return {
        "smoke": ["smoke-test.sh  on bench-1"],
        "nightly": [f"{name}.sh  on bench-1" for name in ("flash", "measure", "collect-logs")],
    }[kind]


@BOTH
def test_a_job_runs_on_a_bench_and_gives_it_back(
    runner: Any, project: Project, start: StartJob, kind: str
) -> None:
    project.prepare(**{MIDDLE[kind].replace("-", "_"): "hang"})
    job = start(kind)
    project.started(MIDDLE[kind])
    (lease,) = project.leases()
    assert lease["holder"] == HOLDERS[runner]
    assert "main" in lease["description"] or "88" in lease["description"]
    project.go()
    assert job.wait() == 0, job.output
    assert project.ran == all_steps(kind)
    expect_nothing_left(project, job)
    (told,) = project.history()
    assert told["reason"] == "released"
    assert "88" in told["request"]["tags"]["url"]


@BOTH
def test_a_command_that_fails_fails_the_job_with_its_code(
    project: Project, start: StartJob, kind: str
) -> None:
    project.prepare(**{MIDDLE[kind].replace("-", "_"): "fail"})
    job = start(kind)
    assert job.wait() == 3, job.output
    # Logs are collected from the bench on which it failed.
    assert project.ran == all_steps(kind)
    expect_nothing_left(project, job)


@BOTH
def test_a_job_waits_for_a_busy_bench(project: Project, start: StartJob, kind: str) -> None:
    with project.hold():
        job = start(kind)
        project.is_waited_for()
        assert project.ran == []
    assert job.wait() == 0, job.output
    assert project.ran == all_steps(kind)
    assert "ci-88" in job.output
    expect_nothing_left(project, job)


@BOTH
def test_a_job_fails_if_there_is_no_such_bench(
    project: Project, start: StartJob, kind: str
) -> None:
    project.respod.kill()
    inventory = project.respod.inventory_file.read_text()
    project.respod.inventory_file.write_text(inventory.replace("office1", "office2"))
    project.respod.forget_everything()
    project.respod.start()
    job = start(kind)
    assert job.wait() == 91, job.output
    assert [line for line in project.ran if "collect" not in line] == []
    expect_nothing_left(project, job)


@BOTH
def test_a_job_that_is_cancelled_while_it_waits_leaves_the_queue(
    project: Project, start: StartJob, kind: str
) -> None:
    with project.hold():
        job = start(kind)
        project.is_waited_for()
        job.cancel()
        assert job.wait() != 0
        eventually("it has left the queue", lambda: not project.requests())
    assert [line for line in project.ran if line.endswith("bench-1")] == []
    expect_nothing_left(project, job)


@BOTH
def test_a_job_that_is_cancelled_ends_its_command_and_frees_the_bench(
    project: Project, start: StartJob, kind: str
) -> None:
    project.prepare(**{MIDDLE[kind].replace("-", "_"): "hang"})
    job = start(kind)
    process = project.started(MIDDLE[kind])
    job.cancel()
    assert job.wait() != 0
    assert not is_alive(process)
    assert project.ran == all_steps(kind)
    expect_nothing_left(project, job)


@BOTH
def test_a_command_that_tidies_up_on_cancellation_still_has_the_bench(
    project: Project, start: StartJob, kind: str
) -> None:
    project.prepare(**{MIDDLE[kind].replace("-", "_"): "tidy"})
    job = start(kind)
    project.started(MIDDLE[kind])
    job.cancel()
    assert job.wait() != 0
    assert "tidied" in project.ran
    expect_nothing_left(project, job)
    (told,) = project.history()
    assert told["reason"] == "released"


@BOTH
def test_after_kill_9_the_command_is_ended_and_the_bench_is_freed(
    project: Project, start: StartJob, kind: str
) -> None:
    project.prepare(**{MIDDLE[kind].replace("-", "_"): "hang"})
    job = start(kind, ttl="2s")
    process = project.started(MIDDLE[kind])
    job.kill()
    eventually("the command is ended", lambda: not is_alive(process))
    project.becomes_free()
    eventually("no process is left", lambda: not job.left_behind())
    assert "collect-logs.sh  on bench-1" not in project.ran


@BOTH
def test_after_kill_9_while_it_waits_the_queue_is_empty(
    project: Project, start: StartJob, kind: str
) -> None:
    with project.hold():
        job = start(kind, ttl="2s")
        project.is_waited_for()
        job.kill()
        eventually("it has left the queue", lambda: not project.requests())
        eventually("no process is left", lambda: not job.left_behind())
    project.becomes_free()


@BOTH
def test_a_job_survives_a_restart_of_respod(project: Project, start: StartJob, kind: str) -> None:
    project.prepare(**{MIDDLE[kind].replace("-", "_"): "hang"})
    job = start(kind)
    process = project.started(MIDDLE[kind])
    (before,) = project.leases()
    project.respod.restart()
    eventually(
        "the lease is taken up again",
        lambda: all("orphaned_until" not in lease for lease in project.leases()),
    )
    (after,) = project.leases()
    assert (after["id"], after["fence"]) == (before["id"], before["fence"])
    assert is_alive(process)
    project.go()
    assert job.wait() == 0, job.output
    assert project.ran == all_steps(kind)
    expect_nothing_left(project, job)


@BOTH
@pytest.mark.parametrize("runner", [GitHubJob], ids=["github"], indirect=True)
def test_a_command_that_ignores_every_signal_is_ended_when_its_step_is_killed(
    project: Project, start: StartJob, kind: str
) -> None:
    project.prepare(**{MIDDLE[kind].replace("-", "_"): "obstinate"})
    job = start(kind)
    process = project.started(MIDDLE[kind])
    job.cancel()
    job.wait()
    eventually("the command is ended", lambda: not is_alive(process))
    expect_nothing_left(project, job)


def test_the_signals_that_end_a_step_of_github_reach_the_command(
    respod: Respod, tmp_path: Path
) -> None:
    """It is the exec that does it: a shell in front of rpclient would keep SIGINT to itself."""
    project = Project(tmp_path, respod)
    project.prepare(smoke_test="hang")
    job = GitHubJob(project, "smoke")
    job.after_interrupt = 30
    try:
        job.start()
        process = project.started("smoke-test")
        job.cancel()
        assert job.wait() == 128 + signal.SIGINT
        assert not is_alive(process)
    finally:
        job.end()
