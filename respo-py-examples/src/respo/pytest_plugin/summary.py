"""Where respo is, and what was leased: for the terminal, over all workers of pytest-xdist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from respo.pytest_plugin.record import LeaseRecord
from respo.pytest_plugin.reports import say_place

if TYPE_CHECKING:
    from respo.pytest_plugin.settings import Settings


class Summary:
    """Collects what was leased."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        """``config``: of the session."""
        self.records: list[LeaseRecord] = []
        self._config = config
        self._settings = settings
        self._under_way: dict[str, list[LeaseRecord]] = {}
        """What tests of workers run on, by the id of the test."""
        self._of_worker: dict[str, dict[int, LeaseRecord]] = {}
        """What is known of a worker before it says it at its end, by the id of the lease."""

    def pytest_report_header(self) -> str | None:
        """Say where respo is."""
        source = self._settings.url_source
        return f"respo: {self._settings.url} ({source})" if source else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in what a test of a worker runs on; say it for one whose worker has crashed."""
        worker = getattr(getattr(report, "node", None), "gateway", None)
        if worker is None:
            return
        if report.when == "setup":
            known = self._of_worker.setdefault(str(worker.id), {})
            records = LeaseRecord.of_properties(report.user_properties)
            self._under_way[report.nodeid] = [known.setdefault(one.id, one) for one in records]
            for record in self._under_way[report.nodeid]:
                record.worker = str(worker.id)
                record.tests += 1
        elif report.when == "teardown":
            self._under_way.pop(report.nodeid, None)
        elif report.when not in ("call", None):
            records = self._under_way.pop(report.nodeid, [])
            if records:
                say_place(report, [record.place() for record in records])

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: Any) -> None:  # noqa: ARG002 given by xdist
        """Take in what a worker says at its end, or what is known of it if it says nothing."""
        seen = self._of_worker.pop(str(node.gateway.id), {})
        said = getattr(node, "workeroutput", {}).get("respo")
        if said is not None:
            self.records += [LeaseRecord.of_plain(plain) for plain in said]
            return
        for record in seen.values():
            record.end("not released by the worker, which has crashed")
            self.records.append(record)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """List what was leased."""
        if not self.records or self._config.get_verbosity() < 0:
            return
        terminalreporter.write_sep("=", f"respo: leased from {self._settings.url}")
        for record in self.records:
            terminalreporter.write_line(str(record))
