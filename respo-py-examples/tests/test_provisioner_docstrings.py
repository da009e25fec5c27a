"""Every example in the docstrings of respo.provisioner runs."""

from __future__ import annotations

import doctest
import threading

import pytest
from daemon import ONE_BENCH, Respod
from docstrings import documented, run
from pages import PACKAGE, blocks_of

import respo
import respo.provisioner as stand_in


@pytest.mark.parametrize("example", documented(stand_in), ids=lambda example: example.name)
def test_the_example_of_the_docstring_runs(
    example: doctest.DocTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Respod(ONE_BENCH) as respod:
        monkeypatch.setenv("RESPO_URL", respod.url)
        example.globs = {**vars(stand_in), **example.globs, "respo": respo, "threading": threading}
        run(example)


def test_the_page_shows_the_inventory_that_its_examples_run_with() -> None:
    shown = next(
        one for one in blocks_of(PACKAGE / "docs/provisioner.md") if one.language == "yaml"
    )
    assert (PACKAGE / "docs/machines.yaml").read_text().endswith(shown.text)
