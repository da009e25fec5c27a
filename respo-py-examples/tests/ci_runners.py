"""Job runners that do with a recipe what GitLab, GitHub and Jenkins do, cancellation included.

Each reads the recipe's own file. What they know of how a job is ended is from the sources of GitLab
Runner (helpers/process, executors/shell), of GitHub's runner (ProcessInvoker.cs) and of Jenkins
(ProcessTree.java, and BourneShellScript.java of the durable-task plugin).
"""

from __future__ import annotations

import os
import re
import signal
import threading
import uuid
from collections.abc import Mapping
from typing import Any

import yaml
from bench_project import PACKAGE, Project
from jenkinsfile import Block, read_blocks, texts
from processes import Program, children, eventually, is_alive, living

CI = PACKAGE / "ci"


class Job:
    """A job that runs in the background of a test."""

    def __init__(self, project: Project, ttl: str | None = None) -> None:
        self.project = project
        self.code: int | None = None
        self.cancelled = threading.Event()
        self.killed = threading.Event()
        self.mark = uuid.uuid4().hex
        self.programs: list[Program] = []
        self._ttl = ttl
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            self.code = self.perform()
        except BaseException as error:  # noqa: BLE001  # it is raised where the test waits
            self._failure = error

    def perform(self) -> int:
        """Run the whole job; return its exit code."""
        raise NotImplementedError

    def recipe(self, name: str) -> str:
        """Return the text of a recipe, with another ttl if this job was given one."""
        text = (CI / name).read_text()
        if self._ttl is not None:
            assert "--ttl 2m" in text
            text = text.replace("--ttl 2m", f"--ttl {self._ttl}")
        return text

    def start(self) -> Job:
        self._thread.start()
        return self

    def wait(self) -> int:
        """Wait until the job is over; return its exit code."""
        self._thread.join(60)
        assert not self._thread.is_alive(), f"the job goes on: {self.output}"
        if self._failure is not None:
            raise self._failure
        assert self.code is not None
        return self.code

    def cancel(self) -> None:
        """Cancel the job as a user does."""
        self.cancelled.set()

    def kill(self) -> None:
        """End the job's process group with SIGKILL, as when all of the runner goes down."""
        eventually("it runs", lambda: self.programs)
        self.killed.set()
        self.programs[-1].signal_group(signal.SIGKILL)

    @property
    def output(self) -> str:
        return "".join(program.output for program in self.programs)

    def left_behind(self) -> list[int]:
        return self.programs[-1].left_behind() if self.programs else []

    def end(self) -> None:
        for program in self.programs:
            program.end()

    def launch(
        self, arguments: list[str], variables: Mapping[str, str], standard_input: str = ""
    ) -> Program:
        program = Program(
            arguments,
            self.project.environment(**variables),
            self.project.folder,
            standard_input,
            self.mark,
        )
        self.programs.append(program)
        return program

    def attend(self, program: Program) -> int:
        """Wait until the program ends, or end it when the job is cancelled; return its code."""
        eventually(
            "the step has ended", lambda: not program.runs or self.cancelled.is_set(), patience=60
        )
        if program.runs and not self.killed.is_set():
            self.end_step(program)
        return program.wait()

    def end_step(self, program: Program) -> None:
        """End a step of a job that was cancelled."""
        raise NotImplementedError


class GitLabJob(Job):
    """A job on GitLab's shell executor."""

    jobs: Mapping[str, str] = {"smoke": "smoke-test", "nightly": "nightly-test"}

    def __init__(self, project: Project, kind: str, ttl: str | None = None) -> None:
        super().__init__(project, ttl)
        self.name = self.jobs[kind]

    def perform(self) -> int:
        recipe = yaml.safe_load(self.recipe("gitlab-ci.yml"))
        job = recipe[self.name]
        variables = self._variables({**recipe["variables"], **job.get("variables", {})})
        code = self.attend(self._shell(job["script"], variables))
        if self.killed.is_set():
            return code
        status = "canceled" if self.cancelled.is_set() else "failed" if code else "success"
        if "after_script" in job:
            after = self._shell(job["after_script"], {**variables, "CI_JOB_STATUS": status})
            after.wait()
        return code

    def _variables(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the variables; those of the project's settings win over those of the file."""
        known = {
            "CI": "true",
            "GITLAB_CI": "true",
            "CI_PROJECT_DIR": str(self.project.folder),
            "CI_PROJECT_PATH": "group/project",
            "CI_JOB_NAME": self.name,
            "CI_JOB_ID": "88",
            "CI_JOB_URL": "https://gitlab.example/group/project/-/jobs/88",
            "CI_JOB_TIMEOUT": "3600",
            "CI_COMMIT_REF_NAME": "main",
            "GITLAB_USER_LOGIN": "alice",
        }
        expanded = {
            name: re.sub(r"\$(\w+)", lambda it: known.get(it[1], ""), value)
            for name, value in given.items()
        }
        return {**known, **expanded, "RESPO_URL": self.project.respod.url}

    def _shell(self, lines: list[str], variables: Mapping[str, str]) -> Program:
        """Run the lines as the runner does: one script on the standard input of one shell."""
        body = "".join(f"echo '$' {_quoted(line)}\n{line}\n" for line in lines)
        assert variables["FF_USE_NEW_BASH_EVAL_STRATEGY"] == "true"
        script = f"set -eo pipefail\nset +o noclobber\n: | (eval {_quoted(body)})\nexit 0\n"
        return self.launch(["bash", "--login"], variables, script)

    def end_step(self, program: Program) -> None:
        program.signal_group(signal.SIGTERM)
        # SIGKILL comes after ten minutes, for which no test waits.


class GitHubJob(Job):
    """A job on a runner of GitHub Actions."""

    jobs: Mapping[str, str] = {"smoke": "smoke-test", "nightly": "nightly-test"}
    # 7.5 and 2.5 seconds on GitHub.
    after_interrupt, after_terminate = 1.0, 1.0

    def __init__(self, project: Project, kind: str, ttl: str | None = None) -> None:
        super().__init__(project, ttl)
        self.name = self.jobs[kind]
        self.tracking = f"github_{self.mark}"

    def perform(self) -> int:
        recipe = yaml.safe_load(self.recipe("github-actions.yml"))
        job = recipe["jobs"][self.name]
        result = 0
        variables = {**self._known(), **self._values(recipe["env"]), **self._values(job.get("env"))}
        for step in job["steps"]:
            condition = self._evaluate(step.get("if", "${{ success() }}"), result)
            if self.killed.is_set() or condition != "true" or "run" not in step:
                continue
            code = self._step(step, {**variables, **self._values(step.get("env"))})
            if code and not step.get("continue-on-error") and not result:
                result = code
        if not self.killed.is_set():
            for process in living("RUNNER_TRACKING_ID", self.tracking):
                os.kill(process, signal.SIGKILL)
        return result

    def _step(self, step: Mapping[str, Any], variables: Mapping[str, str]) -> int:
        script = self.project.folder / "tmp" / "step.sh"
        script.write_text(step["run"])
        program = self.launch(["bash", "-e", str(script)], variables)
        # A step that begins after the job was cancelled is left alone.
        code = program.wait() if self.cancelled.is_set() else self.attend(program)
        script.unlink()
        return code

    def _known(self) -> dict[str, str]:
        return {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKFLOW": "test benches",
            "GITHUB_REF_NAME": "main",
            "GITHUB_ACTOR": "alice",
            "GITHUB_JOB": self.name,
            "RUNNER_TRACKING_ID": self.tracking,
        }

    def _values(self, given: Mapping[str, str] | None) -> dict[str, str]:
        return {name: self._evaluate(value, 0) for name, value in (given or {}).items()}

    def _evaluate(self, text: str, result: int) -> str:
        known = {
            "vars.RESPO_URL": self.project.respod.url,
            "github.repository": "group/project",
            "github.server_url": "https://github.example",
            "github.run_id": "88",
            "github.workspace": str(self.project.folder),
            "always()": "true",
            "success()": "true" if not result and not self.cancelled.is_set() else "false",
        }
        return re.sub(r"\$\{\{ *(.*?) *\}\}", lambda it: known[it[1]], text)

    def end_step(self, program: Program) -> None:
        program.signal(signal.SIGINT)
        if not _ends_within(program, self.after_interrupt):
            program.signal(signal.SIGTERM)
            if not _ends_within(program, self.after_terminate):
                program.signal(signal.SIGKILL)


class JenkinsJob(Job):
    """A build of a Jenkins pipeline, of which one stage is run."""

    stages: Mapping[str, str] = {"smoke": "Smoke test", "nightly": "Nightly test"}

    def __init__(self, project: Project, kind: str, ttl: str | None = None) -> None:
        super().__init__(project, ttl)
        self.stage = self.stages[kind]
        self.variables: dict[str, str] = {}

    def perform(self) -> int:
        (pipeline,) = read_blocks(self.recipe("Jenkinsfile"))
        self.variables = self._known()
        (environment,) = pipeline.find("environment")
        assignment = re.compile(r"^\s*(\w+) = [\"'](.*)[\"']$", re.MULTILINE)
        for name, value in assignment.findall(environment.text):
            self.variables[name] = re.sub(
                r"\$\{env\.(\w+)\}", lambda it: self.variables[it[1]], value
            )
        (stage,) = (it for it in pipeline.all("stage") if it.argument == self.stage)
        return self._stage(stage)

    def _known(self) -> dict[str, str]:
        return {
            "RESPO_URL": self.project.respod.url,
            "WORKSPACE": str(self.project.folder),
            "JOB_NAME": "group/project",
            "NODE_NAME": "lab-agent",
            "BUILD_NUMBER": "88",
            "BUILD_URL": "https://jenkins.example/job/project/88/",
            "BUILD_ID": "88",
        }

    def _stage(self, stage: Block) -> int:
        code = 0
        for steps in stage.find("steps"):
            code = code or self._steps(steps)
        for stages in stage.find("stages"):
            for inner in stages.find("stage"):
                code = code or self._stage(inner)
        for post in stage.find("post"):
            for always in post.find("always"):
                self._steps(always)
        return code

    def _steps(self, block: Block) -> int:
        for text in texts(block.text, "sh"):
            if self.killed.is_set():
                return -1
            code = self._sh(text)
            if code:
                return code
        return 0

    def _sh(self, text: str) -> int:
        cookie = f"durable-{uuid.uuid4().hex}"
        script = self.project.folder / "tmp" / "script.sh"
        script.write_text(text)
        variables = {**self.variables, "JENKINS_SERVER_COOKIE": cookie}
        cancelled = self.cancelled.is_set()
        program = self.launch(["sh", "-xe", str(script)], variables)
        program.cookie = cookie  # type: ignore[attr-defined]
        # What runs after the build was aborted is left alone.
        code = program.wait() if cancelled else self.attend(program)
        script.unlink()
        return code

    def end_step(self, program: Program) -> None:
        cookie: str = program.cookie  # type: ignore[attr-defined]
        for process in living("JENKINS_SERVER_COOKIE", cookie):
            self._terminate(process, {process})

    def _terminate(self, process: int, seen: set[int]) -> None:
        """Send SIGTERM to the children first, and give each a while to go."""
        for child in children(process):
            if child not in seen:
                seen.add(child)
                self._terminate(child, seen)
        try:
            os.kill(process, signal.SIGTERM)
        except ProcessLookupError:
            return
        # 5 seconds for all of a tree together on Jenkins.
        gone = threading.Event()
        for _ in range(25):
            if not is_alive(process):
                return
            gone.wait(0.02)


def _ends_within(program: Program, seconds: float) -> bool:
    for _ in range(int(seconds / 0.02)):
        if not program.runs:
            return True
        threading.Event().wait(0.02)
    return False


def _quoted(text: str) -> str:
    """Return a text as the runner of GitLab writes it: $'…'."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"$'{escaped}'"
