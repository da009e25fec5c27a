"""What the report of a test says of its bench."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from respo.errors import LeaseLost

if TYPE_CHECKING:
    from respo.pytest_plugin.record import LeaseRecord

SECTION = "respo"


def explain(
    report: pytest.TestReport,
    item: pytest.Item,
    call: pytest.CallInfo[None],
    records: list[LeaseRecord],
) -> None:
    """Add to a report which bench the test ran on, if it failed; and where it is, if skipped."""
    caught = call.excinfo
    error = caught.value if caught is not None and _is_from_here(caught) else None
    if report.failed and caught is not None and isinstance(error, LeaseLost):
        # It was noticed before or after the test's own code, of which there is nothing to show.
        report.longrepr = caught.getrepr(style="value")
    if report.failed and records:
        say_place(report, [record.place() for record in records])
        _name_in_short_line(report, ", ".join(record.names for record in records))
    if report.skipped and isinstance(error, pytest.skip.Exception):
        # The reason is about the test, rather than about a line of this plugin.
        path, line, _ = item.reportinfo()
        report.longrepr = (str(path), (line or 0) + 1, f"Skipped: {error}")


def say_place(report: pytest.TestReport, sentences: list[str]) -> None:
    """Add a section."""
    report.sections.append((SECTION, "\n".join(sentences)))


def _name_in_short_line(report: pytest.TestReport, names: str) -> None:
    crash: Any = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        crash.message = f"[{names}] {crash.message}"


def _is_from_here(caught: pytest.ExceptionInfo[BaseException]) -> bool:
    module = str(caught.traceback[-1].frame.f_globals.get("__name__", ""))
    return module.startswith("respo.pytest_plugin.")
