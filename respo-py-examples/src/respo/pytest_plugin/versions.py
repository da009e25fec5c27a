"""Whether pytest is new enough; where it is not, the plugin stays away, and says so."""

from __future__ import annotations

import re
from importlib import metadata

import pytest

_NEEDED = {"pytest": (7, 4), "pluggy": (1, 2)}


def _too_old() -> str:
    """Return what is too old, as a sentence; nothing if all is new enough."""
    for name, needed in _NEEDED.items():
        found = metadata.version(name)
        numbers = tuple(int(number) for number in re.findall(r"\d+", found)[:2])
        if numbers < needed:
            least = ".".join(map(str, needed))
            return (
                f"{name} {found} is too old for the plugin, which needs {least}: "
                f"pip install '{name}>={least}'"
            )
    return ""


TOO_OLD = _too_old()


def pytest_report_header() -> str:
    """Say why the plugin stays away."""
    return f"respo: {TOO_OLD}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run nothing if a test needs a bench: it would run on one that another one may have."""
    if any(item.get_closest_marker("respo") for item in items):
        message = f"respo: {TOO_OLD}"
        raise pytest.UsageError(message)
