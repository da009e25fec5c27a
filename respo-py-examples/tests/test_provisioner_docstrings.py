"""Every example in the docstrings of respo.provisioner runs."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import threading

import pytest
from daemon import ONE_BENCH, Respod
from pages import PACKAGE, blocks_of

import respo
import respo.provisioner as stand_in


def documented() -> list[doctest.DocTest]:
    """Return the examples of all docstrings."""
    found = pkgutil.walk_packages(stand_in.__path__, f"{stand_in.__name__}.")
    names = [stand_in.__name__, *(one.name for one in found)]
    finder = doctest.DocTestFinder(exclude_empty=True)
    return [
        example
        for name in names
        for example in finder.find(importlib.import_module(name))
        if example.examples
    ]


@pytest.mark.parametrize("example", documented(), ids=lambda example: example.name)
def test_the_example_of_the_docstring_runs(
    example: doctest.DocTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Respod(ONE_BENCH) as respod:
        monkeypatch.setenv("RESPO_URL", respod.url)
        example.globs = {**vars(stand_in), **example.globs, "respo": respo, "threading": threading}
        said: list[str] = []
        outcome = doctest.DocTestRunner().run(example, out=said.append)
        assert outcome.failed == 0, "".join(said)


def test_the_page_shows_the_inventory_that_its_examples_run_with() -> None:
    shown = next(
        one for one in blocks_of(PACKAGE / "docs/provisioner.md") if one.language == "yaml"
    )
    assert (PACKAGE / "docs/machines.yaml").read_text().endswith(shown.text)
