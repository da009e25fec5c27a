"""The examples in the docstrings of respo.ave."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest
from ave_lab import Phones
from pages import PACKAGE

import respo.ave


def documented() -> list[doctest.DocTest]:
    """Return the examples of all docstrings."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    return [
        example
        for found in pkgutil.iter_modules(respo.ave.__path__)
        for example in finder.find(importlib.import_module(f"respo.ave.{found.name}"))
        if example.examples
    ]


@pytest.mark.parametrize("example", documented(), ids=lambda example: example.name)
def test_the_example_of_the_docstring_runs(
    example: doctest.DocTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    inventory = (PACKAGE / "docs" / "ave-phones.yaml").read_text()
    said: list[str] = []
    with Phones(inventory=inventory) as phones:
        monkeypatch.setenv("RESPO_URL", phones.url)
        outcome = doctest.DocTestRunner().run(example, out=said.append)
    assert outcome.failed == 0, "".join(said)


def test_there_are_examples() -> None:
    assert len(documented()) >= 4
