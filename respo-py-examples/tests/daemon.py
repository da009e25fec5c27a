"""A real respod on a port of its own, for tests."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING

from waiting import eventually

import respo

if TYPE_CHECKING:
    from types import TracebackType

ONE_BENCH = """
pool:
  name: lab
  resources:
    bench-1:
      location: office1
      attributes: [can]
      description: the only one
      entities:
        dut:
          attributes: [arm64]
          properties: {socket: "127.0.0.1:4567", api_key: SECRET-KEY-1, console: {baud: 115200}}
"""

FIVE_BENCHES = """
pool:
  name: lab
  resources:
    bench-1:
      location: office1
      attributes: [can, lin]
      entities:
        dut: {attributes: [arm64]}
        programmer: {attributes: [jtag]}
    bench-2: {location: office1, attributes: [can], entities: {dut: {attributes: [riscv]}}}
    bench-3: {location: office2, attributes: [can, lte], properties: {slots: 4}}
    bench-4: {location: office2, attributes: [lte]}
    bench-5: {location: office2}
"""

_LISTENING = re.compile(r"listening on (http://\S+)")
_PATIENCE = 30


def program(name: str) -> str:
    """Return where a program of respo's workspace is: ``RESPO_TESTS_<NAME>``, or the build's."""
    variable = f"RESPO_TESTS_{name.upper()}"
    workspace = Path(__file__).resolve().parents[2]
    path = Path(os.environ.get(variable, workspace / "target" / "debug" / name))
    if not path.exists():
        message = f"{path} does not exist; build it (cargo build --bins) or set {variable}"
        raise FileNotFoundError(message)
    return str(path)


class Respod:
    """A respod with an inventory, a data directory and an address that outlive its process.

    Example:
        with Respod(ONE_BENCH) as respod:
            client = respo.Client(respod.url)
            respod.kill()
            respod.start()

    """

    def __init__(self, inventory: str = ONE_BENCH, *arguments: str) -> None:
        """``arguments``: further ones of respod."""
        self.folder = Path(tempfile.mkdtemp(prefix="respo-tests-"))
        self.inventory_file = self.folder / "inventory.yaml"
        self.inventory_file.write_text(inventory)
        self.data = self.folder / "data"
        self.log = self.folder / "respod.log"
        self.administrator = secrets.token_hex()
        self.token_file = self.folder / "token"
        self.token_file.write_text(self.administrator)
        self._arguments = ("--admin-token-file", str(self.token_file), *arguments)
        self._listen = "127.0.0.1:0"
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self._listen}"

    @property
    def address(self) -> tuple[str, int]:
        """The same as host and port."""
        host, port = self._listen.rsplit(":", 1)
        return host, int(port)

    @property
    def process_id(self) -> int:
        """The id of its process."""
        return self.process.pid

    @property
    def process(self) -> subprocess.Popen[str]:
        """The process that runs."""
        if self._process is None:
            message = "this respod does not run"
            raise AssertionError(message)
        return self._process

    def start(self) -> Respod:
        """Start it, each time on the same address, and wait until it listens."""
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                [
                    *(program("respod"), "--inventory", str(self.inventory_file)),
                    *("--data-dir", str(self.data), "--listen", self._listen, *self._arguments),
                ],
                stdout=subprocess.PIPE,
                stderr=log,
                stdin=subprocess.DEVNULL,
                text=True,
            )
        line = _first_line(self._process.stdout)
        found = _LISTENING.search(line)
        if found is None:
            self.kill()
            message = f"respod did not start: {line!r}; {self.log.read_text()}"
            raise AssertionError(message)
        self._listen = found[1].removeprefix("http://")
        return self

    def kill(self) -> None:
        """End it with SIGKILL; its data stays."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it with SIGTERM, in good order; its data stays."""
        self._end(signal.SIGTERM)

    def restart(self) -> Respod:
        """End it with SIGKILL and start it again."""
        self.kill()
        return self.start()

    def forget_everything(self) -> None:
        """Delete the data of one that does not run: it will know of no lease."""
        shutil.rmtree(self.data)

    def revoke_all(self, count: int = 1) -> None:
        """End everything that is held, as the administrator may, once that is ``count`` leases."""
        calls = respo.Client(self.url, token=self.administrator, transport="http").calls

        def held() -> list[dict[str, int]]:
            leases: list[dict[str, int]] = calls.json("/v1/leases")["leases"]
            return leases if len(leases) >= count else []

        for lease in eventually("what is held is listed", held):
            calls.call("DELETE", f"/v1/leases/{lease['id']}")

    def signal(self, number: int) -> None:
        """Send it a signal; return when it has stopped, where that is what the signal does."""
        self.process.send_signal(number)
        if number == signal.SIGSTOP:
            os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        process.wait(_PATIENCE)
        if process.stdout is not None:
            process.stdout.close()

    def __enter__(self) -> Respod:
        """Start it."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it, and delete its files."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def _first_line(stream: IO[str] | None) -> str:
    """Return the first line, or nothing if there is none in time."""
    if stream is None:
        return ""
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.append(stream.readline()), daemon=True)
    reader.start()
    reader.join(_PATIENCE)
    return lines[0] if lines else ""


def unused_port() -> int:
    """Return a port of the loopback on which nothing listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
