"""The package as it is installed."""

from __future__ import annotations

import pickle
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pages import PACKAGE

import respo

if TYPE_CHECKING:
    from daemon import Respod

USE = """
import sys
before = set(sys.modules)
import respo
with respo.lease("+can") as bench:
    print(bench.name)
own = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(own - set(sys.stdlib_module_names if hasattr(sys, "stdlib_module_names") else own)))
import asyncio
async def main():
    async with respo.async_lease("+can") as bench:
        print(bench.fence)
asyncio.run(main())
try:
    respo.Client(transport="websocket")
except respo.Invalid as error:
    print(error)
"""


def test_it_installs_into_a_fresh_environment_and_needs_nothing_else(
    respod: Respod, tmp_path: Path
) -> None:
    fresh = tmp_path / "fresh"
    subprocess.run([sys.executable, "-m", "venv", fresh], check=True)
    pip = [str(fresh / "bin" / "pip"), "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", str(PACKAGE)], check=True)
    listed = subprocess.run(
        [*pip, "list", "--format=freeze"], check=True, capture_output=True, text=True
    ).stdout
    installed = {line.partition("==")[0] for line in listed.split()} - {"pip", "setuptools"}
    assert installed == {"respo"}
    said = subprocess.run(
        [fresh / "bin" / "python", "-c", USE],
        env={"RESPO_URL": respod.url},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert said.splitlines() == [
        "bench-1",
        "['respo']",
        "2",
        "transport='websocket' needs the package websockets: pip install 'respo[ws]'",
    ]


def test_its_types_are_for_type_checkers() -> None:
    assert (Path(respo.__file__).parent / "py.typed").exists()


def test_everything_that_is_exported_is_there_and_documented() -> None:
    for name in respo.__all__:
        exported = getattr(respo, name)
        if name != "Notice":  # a union
            assert exported.__doc__, name


def test_errors_show_the_name_by_which_users_know_them() -> None:
    for name in ("Error", "Busy", "NoSuch", "LeaseLost", "Unavailable", "Restarting", "Invalid"):
        kind = getattr(respo, name)
        assert f"{kind.__module__}.{kind.__qualname__}" == f"respo.{name}"
        assert issubclass(kind, respo.Error)
    assert issubclass(respo.Restarting, respo.Unavailable)


def test_errors_can_be_passed_on_to_other_processes() -> None:
    busy = respo.Busy("taken", problem={"candidates": [{"resource": "a", "state": "free"}]})
    passed_on = pickle.loads(pickle.dumps(busy))
    assert (type(passed_on), str(passed_on), passed_on.code) == (respo.Busy, "taken", "busy")
    assert passed_on.candidates == busy.candidates


@pytest.mark.parametrize("transport", ["carrier-pigeon", "HTTP"])
def test_a_transport_that_there_is_none_of_is_refused(transport: str) -> None:
    with pytest.raises(respo.Invalid, match="there are 'http' and 'websocket'"):
        respo.Client(transport=transport)


LICENCES = ("LICENSE-APACHE", "LICENSE-MIT")


def test_the_licences_are_in_what_is_published(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", tmp_path], cwd=PACKAGE, check=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    (source,) = tmp_path.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as packed, tarfile.open(source) as tar:
        for name in LICENCES:
            text = (PACKAGE.parent / name).read_bytes()
            (found,) = [one for one in packed.namelist() if one.endswith(f"licenses/{name}")]
            assert packed.read(found) == text
            (found,) = [one for one in tar.getnames() if one.endswith(f"/{name}")]
            member = tar.extractfile(found)
            assert member is not None
            assert member.read() == text


OLD = """
from importlib import metadata
import sys
known = metadata.version
metadata.version = lambda name: "1.0.0" if name == "pluggy" else known(name)
import pytest
sys.exit(pytest.main(["-p", "no:cacheprovider", *sys.argv[1:]]))
"""


@pytest.mark.parametrize(("mark", "code"), [("", 0), ("@pytest.mark.respo('bench-1')", 4)])
def test_the_plugin_stays_away_from_a_pytest_that_is_too_old(
    mark: str, code: int, tmp_path: Path
) -> None:
    test = tmp_path / "test_it.py"
    test.write_text(f"import pytest\n\n{mark}\ndef test_it():\n    pass\n")
    ran = subprocess.run(
        [sys.executable, "-c", OLD, test], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == code
    assert "pip install 'pluggy>=1.2'" in ran.stdout + ran.stderr
