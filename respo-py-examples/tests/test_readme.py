"""Every example of the README, of the other pages and of the docstrings runs."""

from __future__ import annotations

import asyncio
import doctest
import importlib
import pkgutil
from datetime import timedelta
from pathlib import Path

import pytest
from daemon import ONE_BENCH, Respod
from pages import PACKAGE, PAGES, run_page

import respo


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(PACKAGE)) for page in PAGES])
def test_every_example_of_the_page_runs(page: Path, tmp_path: Path) -> None:
    run_page(page, tmp_path)


def test_an_example_that_fails_is_noticed(tmp_path: Path) -> None:
    for number, (page, complaint) in enumerate(
        [
            ("```python\nraise KeyError('a')\n```\n", "page.md:1: exit code 1"),
            ("\n```sh\nfalse\ntrue\n```\n", "page.md:2: exit code 1"),
            ("```python\nprint(1)\n```\n\n```text\n2\n```\n", "page.md:5: expected:\n2"),
            ("```console\n$ echo one\none\n$ echo two\nthree\n```\n", "but it says:\ntwo"),
            ("```cobol\n```\n", "nobody knows how to run cobol"),
        ]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "page.md").write_text(page)
        with pytest.raises(AssertionError) as caught:
            run_page(folder / "page.md", folder)
        assert complaint in str(caught.value)


def documented() -> list[doctest.DocTest]:
    """Return the examples of all docstrings of the core."""
    names = [
        f"respo.{found.name}" for found in pkgutil.iter_modules(respo.__path__) if not found.ispkg
    ]
    finder = doctest.DocTestFinder(exclude_empty=True)
    return [
        example
        for name in names
        if name != "respo.pytest_plugin"
        for example in finder.find(importlib.import_module(name))
        if example.examples
    ]


@pytest.mark.parametrize("example", documented(), ids=lambda example: example.name)
def test_the_example_of_the_docstring_runs(
    example: doctest.DocTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Respod(ONE_BENCH) as respod:
        monkeypatch.setenv("RESPO_URL", respod.url)
        known = {"respo": respo, "asyncio": asyncio, "timedelta": timedelta}
        example.globs = {**example.globs, **known}
        said: list[str] = []
        outcome = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=said.append)
        assert outcome.failed == 0, "".join(said)
