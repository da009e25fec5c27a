"""Gets leases from respod for tests, and tells the user while they wait."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable

import pytest

from respo.backoff import Backoff
from respo.client import Client
from respo.errors import Error, LeaseLost, Restarting, Unavailable
from respo.notices import Ended, Granted, Notice, Queued
from respo.pytest_plugin.record import LeaseRecord

if TYPE_CHECKING:
    from respo.lease import Lease
    from respo.pytest_plugin.console import Console
    from respo.pytest_plugin.need import Need
    from respo.pytest_plugin.settings import Settings

logger = logging.getLogger("respo")

COMES_BACK_WITHIN = 60.0
"""For how many seconds a respod that has answered before is waited for when it is away."""


@dataclass
class Held:
    """A lease and what is remembered of it."""

    lease: Lease
    record: LeaseRecord

    def loss(self) -> LeaseLost | None:
        """Return the error for a lease that was lost; it names the resources."""
        try:
            self.lease.check()
        except LeaseLost as lost:
            self.record.end(f"lost ({lost.reason})")
            message = f"{lost.detail} (the test ran on {self.record.names})"
            return LeaseLost(message, reason=lost.reason, code=lost.code, problem=lost.problem)
        except Error:
            return None
        return None


class Missing(Error):
    """respod cannot be reached: the tests that need it are failed, or skipped."""

    default_code = "missing"


class Lessor:
    """A client of respod, made when the first test needs it."""

    def __init__(
        self, settings: Settings, console: Console, root: str, on_lost: Callable[[Lease], None]
    ) -> None:
        """``root``: what is tested; ``on_lost``: told of losses in another thread."""
        self._settings = settings
        self._console = console
        self._description = f"pytest of {root}"
        self._on_lost = on_lost
        self._client: Client | None = None
        self._is_known = False

    def lease(self, need: Need, who: str) -> Held:
        """Wait until what is needed is leased.

        Args:
            need: What.
            who: For whom, in what the user is told.

        Raises:
            Missing: If respod cannot be reached.
            Error: As :meth:`respo.Client.acquire` raises them.

        """
        began, deadline, backoff = time.monotonic(), time.monotonic() + COMES_BACK_WITHIN, Backoff()
        waiting = _Waiting(self._console, need, who)
        while True:
            try:
                lease = self._acquired(need, waiting)
                break
            except Unavailable as absence:
                is_away = isinstance(absence, Restarting) or (
                    self._is_known and not absence.problem
                )
                pause = backoff.pause()
                if is_away and time.monotonic() + pause < deadline:
                    waiting.tell_absence(absence)
                    time.sleep(pause)
                elif absence.problem:
                    raise
                else:
                    raise Missing(self._how_missing(absence)) from None
        self._is_known = True
        record = LeaseRecord(
            resources=list(lease.names),
            id=lease.id,
            fence=lease.fence,
            pool=lease.pool,
            waited=time.monotonic() - began,
            locations=sorted({one.location for one in lease.resources if one.location}),
            worker=self._console.worker,
        )
        waiting.tell_end(record)
        return Held(lease, record)

    def close(self) -> None:
        """Release what is left, and close the connection."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _acquired(self, need: Need, waiting: _Waiting) -> Lease:
        if self._client is None:
            self._client = Client(self._settings.url)
        worker = self._console.worker
        options: dict[str, Any] = {
            "description": self._description + (f", {worker}" if worker else ""),
            **need.options,
        }
        lease: Lease
        lease = self._client.lease(
            *need.requirements,
            **options,
            on_notice=waiting.take_in,
            on_lost=lambda _: self._on_lost(lease),
        )
        return lease.acquire()

    def _how_missing(self, absence: Unavailable) -> str:
        source = self._settings.url_source
        if source is None:
            message = (
                "respo is not configured: no --respo-url, no respo_url in the ini file, no "
                f"RESPO_URL; and at the default there is none: {absence}"
            )
        else:
            message = f"respod cannot be reached: {absence}. {source} says so"
        return message + (
            "" if self._settings.skips_if_missing else ". To skip such tests: --respo-missing=skip"
        )


class _Waiting:
    """What the user is told of one request, and the log of its lease."""

    def __init__(self, console: Console, need: Need, who: str) -> None:
        self._console = console
        self._what = f"{who} waits for {need.summary}"
        self._told: str | None = None
        self._is_granted = False

    def take_in(self, notice: Notice) -> None:
        """Tell a notice: where it comes while the test waits, on the terminal."""
        if isinstance(notice, Granted):
            self._is_granted = True
        elif self._is_granted:
            # It comes in another thread, while a test runs. A loss is told in its own way.
            if not isinstance(notice, Ended):
                logger.warning("%s", notice)
        elif isinstance(notice, Queued) or self._told is not None:
            self._tell(str(notice))

    def tell_absence(self, absence: Unavailable) -> None:
        """Tell that respod is away."""
        self._tell(f"{absence}; trying again")

    def tell_end(self, record: LeaseRecord) -> None:
        """Tell that the waiting is over, if the user was told of it."""
        if self._told is not None:
            self._console.say(f"leased {record.names}")

    def _tell(self, what: str) -> None:
        if what != self._told:
            self._told = what
            self._console.say(f"{self._what}: {what}")


def outcome_of(error: Error, need: Need, settings: Settings) -> BaseException:
    """Return what a test fails or is skipped with that cannot have what it needs."""
    if isinstance(error, Missing) and settings.skips_if_missing:
        return pytest.skip.Exception(str(error))
    if isinstance(error, Missing):
        return pytest.fail.Exception(str(error), pytrace=False)
    message = f"respo: there is no {need.summary} for this test: {error.code}: {error}"
    return pytest.fail.Exception(message, pytrace=False)
