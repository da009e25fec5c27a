"""The examples in the docstrings of respo.ave."""

from __future__ import annotations

import doctest

import pytest
from ave_lab import Phones
from docstrings import documented, run
from pages import PACKAGE

import respo.ave


@pytest.mark.parametrize("example", documented(respo.ave), ids=lambda example: example.name)
def test_the_example_of_the_docstring_runs(
    example: doctest.DocTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    inventory = (PACKAGE / "docs" / "ave-phones.yaml").read_text()
    with Phones(inventory=inventory) as phones:
        monkeypatch.setenv("RESPO_URL", phones.url)
        run(example)


def test_there_are_examples() -> None:
    assert len(documented(respo.ave)) >= 4
