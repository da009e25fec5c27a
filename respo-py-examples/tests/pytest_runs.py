"""Runs of pytest with respo's plugin, as users start them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from waiting import eventually

if TYPE_CHECKING:
    from types import TracebackType

    import pytest
    from daemon import Respod

CONFTEST = """
import pathlib, time
import pytest
import respo

@pytest.fixture
def held(request):
    "What is leased at this moment."
    client = respo.Client(request.config.getoption("respo_url"))
    return lambda: [one.name for one in client.list(state=("leased", "orphaned"))]

@pytest.fixture
def pause():
    "Tell the test of the plugin that the test is here, and wait until it may go on."
    def pause(name="here"):
        pathlib.Path(name).touch()
        while not pathlib.Path("go-on").exists():
            time.sleep(0.005)
    return pause
"""


@dataclass(frozen=True)
class Case:
    """What the JUnit report says of a test."""

    name: str
    outcome: str
    resources: list[str]
    leases: list[str]
    message: str


class Ran:
    """A run that is over."""

    def __init__(self, code: int, out: str, error: str, report: str) -> None:
        self.code = code
        self.out = out
        self.error = error
        self.said = f"{out}\n{error}"
        self.cases = (
            [_case(one) for one in ET.fromstring(report).iter("testcase")] if report else []
        )

    def __getitem__(self, name: str) -> Case:
        found = [case for case in self.cases if case.name == name]
        assert len(found) == 1, f"{name}: {found}; {self.said}"
        return found[0]

    def expect(self, **outcomes: int) -> Ran:
        """Check how many tests had which outcome."""
        counted = dict.fromkeys(outcomes, 0)
        for case in self.cases:
            counted[case.outcome] = counted.get(case.outcome, 0) + 1
        assert counted == outcomes, self.said
        return self

    @property
    def order(self) -> list[str]:
        """The tests in the order in which they ran."""
        return [case.name for case in self.cases]

    @property
    def leases(self) -> dict[str, list[str]]:
        """The numbers of the leases that each test had."""
        return {case.name: case.leases for case in self.cases}


def _case(element: ET.Element) -> Case:
    properties = [(one.get("name"), one.get("value", "")) for one in element.iter("property")]
    bad = next((one for one in element if one.tag in ("failure", "error", "skipped")), None)
    outcome = (
        {"failure": "failed", "error": "errors"}.get(bad.tag, bad.tag) if bad is not None else ""
    )
    return Case(
        name=element.get("name", ""),
        outcome=outcome or "passed",
        resources=[value for name, value in properties if name == "respo_resources"],
        leases=[value for name, value in properties if name == "respo_lease"],
        message=bad.get("message", "") if bad is not None else "",
    )


class Started:
    """A run that goes on."""

    def __init__(self, pytester: pytest.Pytester, arguments: tuple[str, ...]) -> None:
        self._pytester = pytester
        self._report = pytester.path / "report.xml"
        self._report.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=pytester.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._said: dict[str, str] = {"out": "", "error": ""}
        streams = (("out", self.process.stdout), ("error", self.process.stderr))
        self._readers = [threading.Thread(target=self._read, args=both) for both in streams]
        for reader in self._readers:
            reader.start()

    def _read(self, name: str, stream: IO[str]) -> None:
        with stream:
            while some := os.read(stream.fileno(), 65536):
                self._said[name] += some.decode()

    @property
    def said(self) -> str:
        """What it has said so far."""
        return f"{self._said['out']}\n{self._said['error']}"

    def says(self, text: str) -> None:
        """Wait until it has said this."""
        try:
            eventually(f"it says {text!r}", lambda: text in self.said)
        except AssertionError as late:
            message = f"{late}; it said:\n{self.said}"
            raise AssertionError(message) from None

    def reaches(self, name: str = "here") -> None:
        """Wait until a test has called ``pause(name)``."""
        try:
            eventually(f"a test is {name}", (self._pytester.path / name).exists)
        except AssertionError as late:
            message = f"{late}; it said:\n{self.said}"
            raise AssertionError(message) from None

    def go_on(self) -> None:
        """Let all tests go on."""
        (self._pytester.path / "go-on").touch()

    def end(self) -> Ran:
        """Wait for its end."""
        code = self.process.wait(60)
        for reader in self._readers:
            reader.join()
        report = self._report.read_text() if self._report.exists() else ""
        return Ran(code, self._said["out"], self._said["error"], report)

    def __enter__(self) -> Started:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.go_on()
        if self.process.poll() is None:
            self.process.kill()
        self.end()


def start(pytester: pytest.Pytester, respod: Respod, *arguments: str) -> Started:
    """Start pytest in the folder of ``pytester``."""
    pytester.makeconftest(CONFTEST)
    return start_alone(pytester, "--respo-url", respod.url, *arguments)


def start_alone(pytester: pytest.Pytester, *arguments: str) -> Started:
    """Start pytest without saying where respod is."""
    return Started(pytester, ("--junitxml=report.xml", *arguments))


def run(pytester: pytest.Pytester, respod: Respod, *arguments: str) -> Ran:
    """Run pytest, and return when it has ended; nothing may be leased then."""
    with start(pytester, respod, *arguments) as started:
        return started.end()
