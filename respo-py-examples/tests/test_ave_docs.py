"""The examples in docs/ave.md."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from ave_lab import Phones
from daemon import program

PAGE = Path(__file__).resolve().parents[1] / "docs" / "ave.md"


def blocks(language: str) -> list[str]:
    """Return the examples in this language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)


def promised(script: str) -> list[str]:
    """Return what comments say that is printed: on the line that prints, or on those after it."""
    said = []
    prints = False
    for line in script.splitlines():
        code, _, comment = line.partition("#")
        prints = "print(" in code or (prints and not code.strip())
        if prints and comment:
            said.append(comment.strip())
    return said


def test_the_python_examples_print_what_they_say() -> None:
    (inventory,) = blocks("yaml")
    script = "\n".join(blocks("python"))
    with Phones(inventory=inventory) as respod:
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "RESPO_URL": respod.url},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == promised(script)
    assert len(promised(script)) == 9


def test_the_shell_examples_make_the_inventory_of_the_page(tmp_path: Path) -> None:
    (configuration,) = blocks("json")
    (commands,) = blocks("sh")
    (tmp_path / "broker.json").write_text(configuration)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("rpclient", "respod"):
        (programs / name).symlink_to(program(name))
    done = subprocess.run(
        ["sh", "-ec", commands],
        cwd=tmp_path,
        env={"PATH": f"{programs}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "good: 4 resources" in done.stdout
    with Phones(inventory=(tmp_path / "phones.yaml").read_text()) as respod:
        broker = respod.broker(pool="phones")
        handset, relay = broker.get({"type": "handset", "serial": "CB5A1JYXRQ"}, {"type": "relay"})
        assert (handset.resource.name, relay.resource.name) == ("handset-CB5A1JYXRQ", "relay-a")
