"""What pytest calls first: the options, and the rest of the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from respo.pytest_plugin.fixtures import (
    LeaseFactory,
    respo_class_lease,
    respo_factory,
    respo_lease,
    respo_module_lease,
    respo_resource,
    respo_session_lease,
)
from respo.pytest_plugin.hooks import PLUGIN, Benches
from respo.pytest_plugin.settings import Settings, add_options
from respo.pytest_plugin.summary import Summary

if TYPE_CHECKING:
    import pytest

__all__ = [
    "LeaseFactory",
    "pytest_addoption",
    "pytest_configure",
    "respo_class_lease",
    "respo_factory",
    "respo_lease",
    "respo_module_lease",
    "respo_resource",
    "respo_session_lease",
]

_MARK = (
    "respo(*requirements, scope=None, count=, resource=, location=, attributes=, entities=, "
    "properties=, where=, keys=, stack=, priority=, description=, name=, tags=, wait=, linger=, "
    "max_duration=, pool=): lease this from respod for the test; scope is function, class, module "
    "or session (see docs/pytest.md of respo)"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the command line and of the ini file."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark and the rest of the plugin."""
    config.addinivalue_line("markers", _MARK)
    settings = Settings.of(config)
    summary = Summary(config, settings)
    benches = Benches(config, settings, summary.records)
    config.stash[PLUGIN] = benches
    config.pluginmanager.register(benches, "respo-benches")
    config.pluginmanager.register(summary, "respo-summary")
