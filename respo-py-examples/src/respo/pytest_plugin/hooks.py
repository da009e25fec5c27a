"""What happens before, during and after each test."""

from __future__ import annotations

import contextlib
import inspect
from typing import TYPE_CHECKING, Any

import pytest

from respo.errors import Error
from respo.interruption import Block
from respo.pytest_plugin.console import Console
from respo.pytest_plugin.grouping import grouped
from respo.pytest_plugin.holdings import Holding, Holdings, Outlook
from respo.pytest_plugin.lessor import Held, Lessor, Missing, outcome_of
from respo.pytest_plugin.marks import need_of_item, need_of_node
from respo.pytest_plugin.need import BadNeed, Need
from respo.pytest_plugin.reports import explain

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from respo.lease import Lease
    from respo.pytest_plugin.record import LeaseRecord
    from respo.pytest_plugin.settings import Settings

_NEED: pytest.StashKey[Need | None] = pytest.StashKey()
_BAD: pytest.StashKey[BadNeed] = pytest.StashKey()

SHARED_FIXTURES = ("respo_class_lease", "respo_module_lease", "respo_session_lease")


class Benches:
    """The leases of this session, or of this worker of pytest-xdist."""

    def __init__(
        self, config: pytest.Config, settings: Settings, records: list[LeaseRecord]
    ) -> None:
        """``records``: where every lease is noted."""
        self._config = config
        self._settings = settings
        self._records = records
        self._console = Console(config)
        self._lessor = Lessor(settings, self._console, config.rootpath.name, self._take_in_loss)
        self._holdings = Holdings(self._lessor, self._need_of)
        self._from_factory: list[Held] = []
        self._item: pytest.Item | None = None
        self._used: list[Held] = []
        self._block: Block | None = None
        self._set_up: tuple[pytest.FixtureDef[Any], Any] | None = None

    # What fixtures ask for.

    def lease_of(self, item: pytest.Item) -> Lease:
        """Return the lease of the test that runs, for the fixture ``respo_lease``."""
        need = self._need_of(item)
        if need is None:  # it was asked for with getfixturevalue()
            message = (
                f"{item.nodeid} asks for respo_lease with getfixturevalue(), and nothing says what "
                "it needs: mark it with @pytest.mark.respo(...)"
            )
            raise pytest.fail.Exception(message, pytrace=False)
        return self._leased(need, item).lease

    @contextlib.contextmanager
    def shared(self, node: pytest.Collector, fixture: str) -> Iterator[Lease]:
        """Hold what a class, a module or the session needs."""
        item = self._current()
        try:
            need = need_of_node(node, self._settings, fixture)
        except BadNeed as bad:
            raise pytest.fail.Exception(str(bad), pytrace=False) from None
        try:
            holding = self._holdings.pin(need, item, node, self._set_up)
        except Error as error:
            raise outcome_of(error, need, self._settings) from None
        self._note(holding)
        try:
            yield holding.lease
        finally:
            self._holdings.unpin(holding, fixture)

    @contextlib.contextmanager
    def from_factory(self, requirements: tuple[Any, ...], options: Any) -> Iterator[Lease]:
        """Hold what a test or a fixture asks for in its own words."""
        if "scope" in options:
            message = "respo_factory() takes no scope: the lease ends with its block"
            raise TypeError(message)
        need = Need.of(requirements, options, self._settings.terms)
        item = self._current()
        self._holdings.give_way(item)
        try:
            held = self._lessor.lease(need, item.nodeid)
        except Missing as missing:
            raise outcome_of(missing, need, self._settings) from None
        self._from_factory.append(held)
        self._note(held)
        try:
            yield held.lease
        finally:
            self._from_factory.remove(held)
            held.loss()
            held.lease.release()
            held.record.end()

    # Before the tests.

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Find out what each test needs, and bring those together that need the same."""
        bad = [item.stash[_BAD] for item in items if not self._understands(item)]
        if bad and self._console.worker is None:
            # A worker cannot say it: there, each of these tests fails.
            raise pytest.UsageError(*(f"respo: {one}" for one in bad))
        if self._settings.groups:
            items[:] = grouped(items, self._need_of)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Look ahead; a worker of pytest-xdist does not know which tests it will get."""
        if self._console.worker is None:
            self._holdings.outlook = Outlook(session.items, self._need_of)

    def pytest_report_collectionfinish(self, items: list[pytest.Item]) -> list[str]:
        """Say what is needed."""
        needs = [need for need in map(self._need_of, items) if need is not None]
        kinds = list(dict.fromkeys(need.summary for need in needs))
        if not needs:
            return []
        shown = "; ".join(kinds[:3]) + (f"; and {len(kinds) - 3} more" if len(kinds) > 3 else "")  # noqa: PLR2004
        tests = "1 test needs" if len(needs) == 1 else f"{len(needs)} tests need"
        return [f"respo: {tests} {shown}"]

    # Each test.

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Lease what the test needs, before its fixtures are set up."""
        self._item, self._used = item, []
        if not self._understands(item):
            raise pytest.fail.Exception(f"respo: {item.stash[_BAD]}", pytrace=False)
        self._holdings.make_way(item)
        for held in self._from_factory:
            self._note(held)
        need = self._need_of(item)
        if need is not None:
            self._leased(need, item)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Fail the test if a lease is lost: at the next opportunity while it runs."""
        __tracebackhide__ = True
        # In an event loop, the exception would hit the loop.
        is_async = inspect.iscoroutinefunction(getattr(item, "obj", None))
        block = None if is_async else Block()
        try:
            self._block = block
            self._raise_loss()
            outcome = yield
        finally:
            self._block = None
            if block is not None:
                block.leave()
        self._raise_loss()
        return outcome

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, nextitem: pytest.Item | None) -> Generator[None, Any, Any]:
        """Release what the next test has no use for, after the fixtures are torn down."""
        __tracebackhide__ = True
        try:
            return (yield)
        finally:
            self._holdings.make_way(nextitem)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Say which bench the test ran on."""
        report = yield
        explain(report, item, call, [held.record for held in self._used])
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any], request: Any) -> None:
        """Remember which fixtures hold leases, so as to tear them down when these are lost."""
        if fixturedef.argname in SHARED_FIXTURES:
            self._set_up = (fixturedef, request)

    # After the tests.

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Release everything, also where the tests were interrupted."""
        self._holdings.release_all()
        workeroutput: dict[str, Any] | None = getattr(self._config, "workeroutput", None)
        if workeroutput is not None:
            workeroutput["respo"] = [record.to_plain() for record in self._records]

    def pytest_unconfigure(self) -> None:
        """Close the connection."""
        self._lessor.close()

    def _need_of(self, item: pytest.Item) -> Need | None:
        return item.stash[_NEED] if self._understands(item) else None

    def _understands(self, item: pytest.Item) -> bool:
        """Find out what a test needs, once; return whether there is no mistake."""
        if _NEED not in item.stash and _BAD not in item.stash:
            try:
                item.stash[_NEED] = need_of_item(item, self._settings)
            except BadNeed as bad:
                item.stash[_BAD] = bad
        return _BAD not in item.stash

    def _current(self) -> pytest.Item:
        if self._item is None:  # pragma: no cover fixtures are set up for tests
            message = "a fixture of respo is set up outside of any test"
            raise RuntimeError(message)
        return self._item

    def _leased(self, need: Need, item: pytest.Item) -> Holding:
        try:
            holding = self._holdings.lease_for(need, item)
        except Error as error:
            raise outcome_of(error, need, self._settings) from None
        self._note(holding)
        return holding

    def _note(self, held: Held) -> None:
        """Take in that the test that runs uses a lease."""
        if not any(held.record is record for record in self._records):
            self._records.append(held.record)
        if self._item is None or any(held.record is one.record for one in self._used):
            return
        self._used.append(held)
        held.record.tests += 1
        self._item.user_properties.extend(held.record.as_properties())

    def _take_in_loss(self, lease: Lease) -> None:
        """Interrupt the test that runs, if it uses this lease; called in another thread."""
        block = self._block
        for held in tuple(self._used):
            loss = held.loss() if held.lease is lease else None
            if block is not None and loss is not None:
                block.interrupt(loss)

    def _raise_loss(self) -> None:
        for held in self._used:
            loss = held.loss()
            if loss is not None:
                raise loss


PLUGIN: pytest.StashKey[Benches] = pytest.StashKey()
