"""Runs the examples of a page, in order, as a reader would.

What stands in a fenced block is run by its language:

- `python`: a program of its own.
- `sh`: a script for bash, which stops where something fails.
- `console`: what stands behind `$ ` is run by bash, and the lines up to the next one are what it
  says.
- `text` right behind one of these: what that one has said. `...` stands for anything.
- any language with `file=NAME`: a file of that name.

All run in one new folder, in which `respo-py-examples` is this package. rpclient and the Python of
the tests are found, and RESPO_URL names a respod with the inventory that the page has in a comment
`<!-- inventory: PATH -->`, by default respod/examples/testbenches.yaml.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from daemon import Respod, program

PACKAGE = Path(__file__).resolve().parents[1]
WORKSPACE = PACKAGE.parent
PAGES = sorted([PACKAGE / "README.md", *(PACKAGE / "docs").glob("*.md")])

_BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INVENTORY = re.compile(r"<!-- inventory: (\S+) -->")
_FILE = re.compile(r"\bfile=(\S+)")
_PATIENCE = 120


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    line: int
    language: str
    file: str | None
    text: str


def blocks_of(page: Path) -> list[Block]:
    """Return the fenced blocks of a page."""
    text = page.read_text()
    return [
        Block(
            line=text.count("\n", 0, found.start()) + 1,
            language=found[1],
            file=named[1] if (named := _FILE.search(found[2])) else None,
            text=found[3],
        )
        for found in _BLOCK.finditer(text)
    ]


def run_page(page: Path, folder: Path) -> None:
    """Run every example of a page."""
    wanted = _INVENTORY.search(page.read_text())
    inventory = WORKSPACE / (wanted[1] if wanted else "respod/examples/testbenches.yaml")
    (folder / PACKAGE.name).symlink_to(PACKAGE)
    with Respod(inventory.read_text()) as respod:
        runner = _Runner(page, folder, respod.url)
        for block in blocks_of(page):
            runner.take(block)


class _Runner:
    def __init__(self, page: Path, folder: Path, url: str) -> None:
        self.page = page
        self.folder = folder
        self.said = ""
        tools = [Path(sys.executable).parent, Path(program("rpclient")).parent]
        path = os.pathsep.join([*map(str, tools), os.environ["PATH"]])
        self.environment = {**os.environ, "PATH": path, "RESPO_URL": url, "RESPO_NAME": "reader"}

    def take(self, block: Block) -> None:
        if block.file is not None:
            file = self.folder / block.file
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text)
        elif block.language == "python":
            self.said = self.run(block, [sys.executable, "-u", "-c", block.text])
        elif block.language == "sh":
            self.said = self.run(block, ["bash", "-euo", "pipefail", "-c", block.text])
        elif block.language == "console":
            for command, expected in _commands(block.text):
                script = f"{{\n{command}\n}} 2>&1"
                self.compare(block, expected, self.run(block, ["bash", "-c", script]))
        elif block.language == "text":
            self.compare(block, block.text, self.said)
        else:
            message = f"{self.page.name}:{block.line}: nobody knows how to run {block.language}"
            raise AssertionError(message)

    def run(self, block: Block, command: list[str]) -> str:
        ended = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if ended.returncode != 0:
            said = ended.stdout + ended.stderr
            message = f"{self.page.name}:{block.line}: exit code {ended.returncode}:\n{said}"
            raise AssertionError(message)
        return ended.stdout

    def compare(self, block: Block, expected: str, said: str) -> None:
        if not doctest.OutputChecker().check_output(expected, said, doctest.ELLIPSIS):
            message = f"{self.page.name}:{block.line}: expected:\n{expected}\nbut it says:\n{said}"
            raise AssertionError(message)


def _commands(text: str) -> list[tuple[str, str]]:
    """Return each command of a console, and what it is to say."""
    found = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)
    return list(zip(found[1::2], found[2::2]))
