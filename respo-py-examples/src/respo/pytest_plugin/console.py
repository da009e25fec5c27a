"""Lines that the user sees at once, whatever pytest captures."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

import pytest


class Console:
    """Writes lines in the middle of a test, on the terminal.

    A worker of pytest-xdist has no terminal: its lines go to the standard error that it shares with
    the process that the user sees.
    """

    def __init__(self, config: pytest.Config) -> None:
        """``config``: of the session."""
        self._plugins = config.pluginmanager
        workerinput: dict[str, Any] = getattr(config, "workerinput", {})
        self.worker: str | None = workerinput.get("workerid")

    def say(self, line: str) -> None:
        """Write a line."""
        capture = self._plugins.getplugin("capturemanager")
        uncaptured = capture.global_and_fixture_disabled() if capture else contextlib.nullcontext()
        with uncaptured:
            reporter = self._plugins.getplugin("terminalreporter")
            if reporter is not None and self.worker is None:
                reporter.ensure_newline()
                reporter.write_line(f"respo: {line}", yellow=True)
                reporter.flush()
            elif sys.__stderr__ is not None:
                whose = f" [{self.worker}]" if self.worker else ""
                sys.__stderr__.write(f"respo{whose}: {line}\n")
                sys.__stderr__.flush()
