"""Runs respo-lease, and the examples beside it, in a project."""

from __future__ import annotations

from typing import Callable

from bench_project import PACKAGE, Project
from processes import Program

Start = Callable[..., Program]
RESPO_LEASE = str(PACKAGE / "bash" / "respo-lease")


def starter(project: Project, programs: list[Program]) -> Start:
    """Return a function that starts respo-lease (or, with `script`, another one) in a project."""

    def start(*arguments: str, script: str = RESPO_LEASE, **variables: str) -> Program:
        environment = project.environment(**variables)
        programs.append(Program([script, *arguments], environment, project.folder))
        return programs[-1]

    return start


def expect_nothing_left(project: Project, program: Program) -> None:
    """Nothing is held or waits, and no process and no temporary file is left."""
    project.becomes_free()
    assert program.left_behind() == []
    assert project.leftovers() == []
