"""Fixtures for all tests of this package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import pytest
from bench_project import Project
from daemon import FIVE_BENCHES, ONE_BENCH, Respod
from shell_lease import Start, starter

import respo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from processes import Program

Connect = Callable[..., respo.Client]


@pytest.fixture
def respod() -> Iterator[Respod]:
    """A respod with one bench, `bench-1`."""
    with Respod(ONE_BENCH) as daemon:
        yield daemon


@pytest.fixture
def lab() -> Iterator[Respod]:
    """A respod with five benches."""
    with Respod(FIVE_BENCHES) as daemon:
        yield daemon


@pytest.fixture(params=["http", "websocket"])
def transport(request: pytest.FixtureRequest) -> str:
    """Each transport in turn."""
    return str(request.param)


@pytest.fixture
def connect(transport: str) -> Iterator[Connect]:
    """Make clients of a respod over each transport; they are closed at the end."""
    clients: list[respo.Client] = []

    def make(respod: Respod, **options: Any) -> respo.Client:
        clients.append(respo.Client(respod.url, transport=transport, **options))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def project(respod: Respod, tmp_path: Path) -> Project:
    """A folder with a job that uses respod's bench."""
    made = Project(tmp_path, respod)
    made.prepare()
    return made


@pytest.fixture
def start(project: Project) -> Iterator[Start]:
    """Start respo-lease, or another script, in the project; all of them are ended at the end."""
    programs: list[Program] = []
    yield starter(project, programs)
    for program in programs:
        program.end()
