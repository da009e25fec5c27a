"""What the report of a test says of its bench."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

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
    if report.failed and records:
        say_place(report, [record.place() for record in records])
        _name_in_short_line(report, ", ".join(record.names for record in records))
    if report.skipped and _is_from_here(call):
        # The reason is about the test, rather than about a line of this plugin.
        path, line, _ = item.reportinfo()
        reason = str(call.excinfo.value) if call.excinfo is not None else ""
        report.longrepr = (str(path), (line or 0) + 1, f"Skipped: {reason}")


def say_place(report: pytest.TestReport, sentences: list[str]) -> None:
    """Add a section."""
    report.sections.append((SECTION, "\n".join(sentences)))


def _name_in_short_line(report: pytest.TestReport, names: str) -> None:
    crash: Any = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        crash.message = f"[{names}] {crash.message}"


def _is_from_here(call: pytest.CallInfo[None]) -> bool:
    if call.excinfo is None or not isinstance(call.excinfo.value, pytest.skip.Exception):
        return False
    module = str(call.excinfo.traceback[-1].frame.f_globals.get("__name__", ""))
    return module.startswith("respo.pytest_plugin.")
