"""A project that is tested on benches: its folder, its scripts, and the respod that it uses."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

from daemon import Respod, program
from processes import eventually, is_alive

PACKAGE = Path(__file__).resolve().parents[1]
SCRIPT = """#!/bin/sh
echo "$(basename "$0") $* on ${RESPO_RESOURCE:-nothing}" >>ran
behaviour=$(cat "$0.behaviour" 2>/dev/null)
case $behaviour in
  obstinate) trap '' INT TERM ;;
  tidy) trap 'echo tidied >>ran; exit 7' INT TERM ;;
esac
echo $$ >"$0.process"
case $behaviour in
  fail) exit 3 ;;
  hang | obstinate | tidy) while [ ! -e go ]; do sleep 0.05; done ;;
esac
"""


class Project:
    """A folder with scripts that note that they ran, and do as they are told."""

    def __init__(self, folder: Path, respod: Respod) -> None:
        self.folder = folder
        self.respod = respod
        shutil.copytree(PACKAGE / "bash", folder / "tools" / "respo")
        binaries = folder / "bin"
        binaries.mkdir()
        (binaries / "rpclient").symlink_to(program("rpclient"))
        # A login shell, as GitLab's is, forgets what PATH was.
        (folder / ".bash_profile").write_text(f'export PATH="{binaries}:$PATH"\n')
        for name in ("smoke-test", "flash", "measure", "collect-logs", "reboot", "soak"):
            script = folder / f"{name}.sh"
            script.write_text(SCRIPT)
            script.chmod(script.stat().st_mode | stat.S_IXUSR)

    def environment(self, **more: str) -> dict[str, str]:
        """Return what programs find: little, and nothing of what the tests' own shell has set."""
        return {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "USER": "alice",
            "HOSTNAME": "lab",
            "TMPDIR": str(self.folder / "tmp"),
            "RESPO_URL": self.respod.url,
            **more,
        }

    def prepare(self, **behaviours: str) -> None:
        """Tell scripts what to do: fail, hang (until `go`), be obstinate or tidy; or just end."""
        (self.folder / "tmp").mkdir(exist_ok=True)
        for name, behaviour in behaviours.items():
            (self.folder / f"{name.replace('_', '-')}.sh.behaviour").write_text(behaviour)

    def go(self) -> None:
        """Let scripts that hang end with success."""
        (self.folder / "go").touch()

    @property
    def ran(self) -> list[str]:
        """What has run, in order."""
        file = self.folder / "ran"
        return file.read_text().splitlines() if file.exists() else []

    def started(self, name: str) -> int:
        """Wait until a script runs, and return its process."""
        file = self.folder / f"{name}.sh.process"
        eventually(f"{name}.sh runs", lambda: file.exists() and file.read_text().endswith("\n"))
        return int(file.read_text())

    def ended(self, name: str) -> None:
        """Wait until a script that was started does not run any more."""
        process = self.started(name)
        eventually(f"{name}.sh has ended", lambda: not is_alive(process))

    def leftovers(self) -> list[Path]:
        """Return the temporary files that are there, and lease files."""
        return [*(self.folder / "tmp").iterdir(), *self.folder.glob("*lease*.json*")]

    def ask(self, path: str) -> dict[str, Any]:
        """Return what respod answers to a GET, as JSON."""
        request = urllib.request.Request(
            f"{self.respod.url}{path}", headers={"Accept": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def leases(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("/v1/leases")["leases"]
        return found

    def requests(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("/v1/requests")["requests"]
        return found

    def becomes_free(self, patience: float = 30) -> None:
        """Wait until respod says that nothing is held, and that nobody waits."""
        eventually(
            "everything is free", lambda: not self.leases() and not self.requests(), patience
        )

    def is_waited_for(self, count: int = 1) -> None:
        """Wait until so many requests wait."""
        eventually(f"{count} wait", lambda: len(self.requests()) == count)

    def history(self) -> list[dict[str, Any]]:
        """Return what respod has kept of what is over, oldest first."""
        printed = subprocess.run(
            [program("respod"), "history", "export", "--data-dir", str(self.respod.data)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        return [json.loads(line) for line in printed.splitlines()]

    def hold(self, wait: str = "0") -> contextlib.closing[Any]:
        """Hold bench-1 as ci-88, until what is returned is closed."""
        body = {"requirements": [{"resource": "bench-1"}], "name": "ci-88", "wait": wait}
        request = urllib.request.Request(
            f"{self.respod.url}/lock",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        stream = urllib.request.urlopen(request, timeout=30)
        assert json.loads(stream.readline())["event"] == "granted"
        return contextlib.closing(stream)
