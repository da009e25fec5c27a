"""The examples in the docstrings of a package."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from types import ModuleType


def documented(package: ModuleType) -> list[doctest.DocTest]:
    """Return the examples of all docstrings of the package and of what is in it."""
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    names = [package.__name__, *(one.name for one in found)]
    finder = doctest.DocTestFinder(exclude_empty=True)
    return [
        example
        for name in names
        for example in finder.find(importlib.import_module(name))
        if example.examples
    ]


def run(example: doctest.DocTest) -> None:
    """Run an example, and fail with what it says where it says something else."""
    said: list[str] = []
    outcome = doctest.DocTestRunner().run(example, out=said.append)
    assert outcome.failed == 0, "".join(said)
