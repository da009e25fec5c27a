"""Which leases are held for which tests, and when each goes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Union, cast

import pytest

from respo.pytest_plugin.lessor import Held

if TYPE_CHECKING:
    from respo.pytest_plugin.lessor import Lessor
    from respo.pytest_plugin.need import Need

Node = Union[pytest.Item, pytest.Collector]

Fixture = tuple["pytest.FixtureDef[Any]", Any]
"""A fixture that is set up, and the request of pytest for it."""


@dataclass
class Holding(Held):
    """A lease that tests share.

    Attributes:
        need: What it is for.
        domain: The narrowest scope of those that share it: an item, a class, a module, the session.
        span: What all tests that have used it have in common, from the session down.
        keeps_idle: Whether one of them wants it kept while others run that need nothing.
        fixtures: The fixtures of a class, a module or the session that it is held for, each with
            its request.

    """

    need: Need
    domain: Node
    span: list[Node]
    keeps_idle: bool = False
    fixtures: list[Fixture] = field(default_factory=list)
    pins: int = 0

    @property
    def is_pinned(self) -> bool:
        """Whether a fixture holds it."""
        return self.pins > 0

    def suits(self, need: Need, item: pytest.Item) -> bool:
        """Return whether a test that runs next may use it."""
        if need.key != self.need.key or self.loss() is not None:
            return False
        if self.is_pinned:
            return True
        return self.domain in chain_of(item) and domain_of(need, item) in self.span

    def join(self, need: Need, item: pytest.Item) -> None:
        """Take in that a test uses it."""
        chain, domain = chain_of(item), domain_of(need, item)
        if self.domain in chain and chain.index(domain) > chain.index(self.domain):
            self.domain = domain
        self.span = [one for one in self.span if one in chain]
        self.keeps_idle = self.keeps_idle or need.scope is not None


def chain_of(item: pytest.Item) -> list[Node]:
    """Return the session and everything down to a test."""
    return cast("list[Node]", item.listchain())


def domain_of(need: Need, item: pytest.Item) -> Node:
    """Return the node within which a test shares its lease."""
    parent: Node | None = item.session
    if need.scope == "function":
        return item
    if need.scope == "class":
        parent = item.getparent(pytest.Class)
    elif need.scope == "module":
        parent = item.getparent(pytest.Module)
    return parent or item


class Outlook:
    """Which needs are still to come."""

    def __init__(self, items: list[pytest.Item], need_of: Callable[[pytest.Item], Any]) -> None:
        """``items``: all tests, in their order."""
        self._index = {item: index for index, item in enumerate(items)}
        self._last: dict[tuple[str, Node], int] = {}
        for index, item in enumerate(items):
            need = need_of(item)
            if need is not None:
                self._last[need.key, domain_of(need, item)] = index

    def comes_again(self, holding: Holding, item: pytest.Item) -> bool:
        """Return whether ``item`` or a test after it uses the lease."""
        last = self._last.get((holding.need.key, holding.domain), -1)
        return last >= self._index.get(item, 0)


class Holdings:
    """All leases of this process.

    At most one is held for the test that runs, and for those that follow it with equal needs; and
    one for each fixture of a class, a module or the session that is set up. Before anything is
    waited for, everything is released that the test has not itself asked for: two runs that need
    the same benches never wait for each other in a circle.
    """

    def __init__(self, lessor: Lessor, need_of: Callable[[pytest.Item], Need | None]) -> None:
        """``need_of``: what a test needs."""
        self._lessor = lessor
        self._need_of = need_of
        self._all: list[Holding] = []
        self.outlook: Outlook | None = None

    def make_way(self, item: pytest.Item | None) -> None:
        """Release what the test that runs next has no use for, and what is lost.

        Raises:
            BaseException: What the teardown of a fixture raises that was set up on such a lease.

        """
        need = self._need_of(item) if item is not None else None
        is_at_hand = need is None or item is None or self.suiting(need, item) is not None
        self._let_go(item, is_waiting_ahead=not is_at_hand)

    def give_way(self, item: pytest.Item) -> None:
        """Release what this test has not asked for, before more is waited for in its course.

        Raises:
            BaseException: As :meth:`make_way` does.

        """
        self._let_go(item, is_waiting_ahead=True)

    def suiting(self, need: Need, item: pytest.Item) -> Holding | None:
        """Return a lease that is held and that the test may use."""
        found = [holding for holding in self._all if holding.suits(need, item)]
        return max(found, key=lambda holding: holding.is_pinned, default=None)

    def lease_for(self, need: Need, item: pytest.Item) -> Holding:
        """Return the lease of a test, which is acquired if need be.

        Raises:
            respo.Error: If it cannot be had.

        """
        holding = self.suiting(need, item)
        if holding is None:
            holding = self._acquire(need, item, domain_of(need, item))
        holding.join(need, item)
        return holding

    def pin(self, need: Need, item: pytest.Item, scope: Node, fixture: Fixture | None) -> Holding:
        """Return the lease of a fixture, which is kept until it is unpinned."""
        found = (one for one in self._all if one.need.key == need.key and one.loss() is None)
        holding = next(found, None)
        if holding is None:
            self.give_way(item)
            holding = self._acquire(need, item, scope)
        holding.pins += 1
        if fixture is not None:
            holding.fixtures.append(fixture)
        return holding

    def unpin(self, holding: Holding, fixture: str) -> None:
        """Take in that a fixture is torn down."""
        holding.pins -= 1
        holding.fixtures = [one for one in holding.fixtures if one[0].argname != fixture]

    def release_all(self) -> None:
        """Release everything."""
        for holding in tuple(self._all):
            self._release(holding)

    def _let_go(self, item: pytest.Item | None, *, is_waiting_ahead: bool) -> None:
        need = self._need_of(item) if item is not None else None
        used = self.suiting(need, item) if item is not None and need is not None else None
        errors: list[BaseException] = []
        for holding in tuple(self._all):
            is_asked_for = holding is used or _is_asked_for(holding, item)
            if holding.loss() is not None or (is_waiting_ahead and not is_asked_for):
                errors += _tear_down(holding)
            may_idle = not is_waiting_ahead and self._may_idle(holding, item)
            if holding is not used and not holding.is_pinned and not may_idle:
                self._release(holding)
        if errors:
            raise errors[0]

    def _acquire(self, need: Need, item: pytest.Item, domain: Node) -> Holding:
        held = self._lessor.lease(need, item.nodeid)
        holding = Holding(held.lease, held.record, need, domain, chain_of(item))
        self._all.append(holding)
        return holding

    def _release(self, holding: Holding) -> None:
        self._all.remove(holding)
        holding.loss()
        holding.lease.release()
        holding.record.end()

    def _may_idle(self, holding: Holding, item: pytest.Item | None) -> bool:
        """Return whether a lease is kept while a test runs that needs nothing."""
        if item is None or self._need_of(item) is not None or not holding.keeps_idle:
            return False
        if holding.loss() is not None or holding.domain not in chain_of(item):
            return False
        return self.outlook is None or self.outlook.comes_again(holding, item)


def _is_asked_for(holding: Holding, item: pytest.Item | None) -> bool:
    names = getattr(item, "fixturenames", ())
    return any(definition.argname in names for definition, _ in holding.fixtures)


def _tear_down(holding: Holding) -> list[BaseException]:
    """Tear down the fixtures that hold a lease, and with them those that build on these.

    pytest sets them up again for the next test that uses them.
    """
    errors: list[BaseException] = []
    while holding.fixtures:
        definition, request = holding.fixtures.pop()
        try:
            definition.finish(request)
        except BaseException as error:  # noqa: BLE001 raised when the rest is done
            errors.append(error)
    return errors
