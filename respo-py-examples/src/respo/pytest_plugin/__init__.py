"""Benches for tests: a mark that says what a test needs, and fixtures that give it.

pytest loads this by itself where the package is installed; ``-p no:respo`` turns it off. What it
does is described in ``docs/pytest.md``.

Example:
    @pytest.mark.respo("location=office1", entities=[["jtag"]], scope="module")
    def test_boots(respo_resource):
        assert respo_resource.dut.socket

"""

from __future__ import annotations

from respo.pytest_plugin.versions import TOO_OLD

if TOO_OLD:
    from respo.pytest_plugin.versions import pytest_collection_modifyitems, pytest_report_header

    __all__ = ["pytest_collection_modifyitems", "pytest_report_header"]
else:
    from respo.pytest_plugin.plugin import (
        LeaseFactory,
        pytest_addoption,
        pytest_configure,
        respo_class_lease,
        respo_factory,
        respo_lease,
        respo_module_lease,
        respo_resource,
        respo_session_lease,
    )

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
