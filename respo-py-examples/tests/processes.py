"""Programs that tests start, watch and end."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Callable

_PATIENCE = 30.0
_MARK = "RESPO_TEST_MARK"

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts the tests with '&' has them ignore it, and all that they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def eventually(what: str, condition: Callable[[], object], patience: float = _PATIENCE) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, f"in vain waited until {what}"
        time.sleep(0.02)


def is_alive(process_id: int) -> bool:
    """Whether this process lives; one that is only waiting to be reaped does not."""
    try:
        stat = Path(f"/proc/{process_id}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def living(variable: str, value: str) -> list[int]:
    """Return all processes that have this in their environment."""
    wanted = f"{variable}={value}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted in variables and is_alive(int(folder.name)):
            found.append(int(folder.name))
    return found


def children(process_id: int) -> list[int]:
    """Return the living children of a process."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text()
        except OSError:
            continue
        if int(stat.rpartition(")")[2].split()[1]) == process_id:
            found.append(int(folder.name))
    return found


class Program:
    """A program in a process group of its own, whose output is kept.

    Whatever it leaves behind can be found, for all of it has a mark in its environment.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        standard_input: str = "",
        mark: str | None = None,
    ) -> None:
        self.mark = mark or uuid.uuid4().hex
        self._process = subprocess.Popen(
            list(arguments),
            env={**environment, _MARK: self.mark},
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(standard_input)
        stdin.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line)

    @property
    def process_id(self) -> int:
        return self._process.pid

    @property
    def output(self) -> str:
        """What it has printed so far, errors included."""
        return "".join(self._lines)

    def says(self, text: str) -> None:
        """Wait until it has printed this."""
        eventually(
            f"'{text}' is printed", lambda: text in self.output or not self._reader.is_alive()
        )
        assert text in self.output, self.output

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    def wait(self, patience: float = _PATIENCE) -> int:
        """Wait until it has ended and nobody has its output open; return its exit code."""
        code = self._process.wait(patience)
        self._reader.join(patience)
        assert not self._reader.is_alive(), f"its output is still open: {self.output}"
        return code

    def signal(self, number: int) -> None:
        """Send a signal to the process."""
        self._process.send_signal(number)

    def signal_group(self, number: int) -> None:
        """Send a signal to all of its process group."""
        os.killpg(self.process_id, number)

    def left_behind(self) -> list[int]:
        """Return the processes that live and come from it."""
        return living(_MARK, self.mark)

    def end(self) -> None:
        """End all that is left."""
        for process_id in self.left_behind():
            try:
                os.kill(process_id, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait(_PATIENCE)
