"""Every example in the docstrings of respo.resource_locker runs."""

from __future__ import annotations

import doctest

import pytest
from daemon import Respod
from docstrings import documented, run
from keys import KEYS
from pages import PACKAGE, blocks_of

import respo
import respo.resource_locker as stand_in


@pytest.mark.parametrize("example", documented(stand_in), ids=lambda example: example.name)
def test_the_example_of_the_docstring_runs(
    example: doctest.DocTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Respod(KEYS) as respod:
        monkeypatch.setenv("RESPO_URL", respod.url)
        stand_in.reporter.Reporter()._clear_all()
        example.globs = {**vars(stand_in), **example.globs, "respo": respo}
        run(example)


def test_the_page_shows_the_inventory_that_its_examples_run_with() -> None:
    shown = next(
        one for one in blocks_of(PACKAGE / "docs/resource_locker.md") if one.language == "yaml"
    )
    assert (PACKAGE / "docs/keys.yaml").read_text().endswith(shown.text)
