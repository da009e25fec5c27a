"""The fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from respo.pytest_plugin.hooks import PLUGIN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from respo.lease import Lease
    from respo.resources import Resource


class LeaseFactory(Protocol):
    """The type of the fixture ``respo_factory``."""

    def __call__(self, *requirements: Any, **options: Any) -> AbstractContextManager[Lease]:
        """Lease something for a ``with`` block.

        Takes the arguments of the mark ``respo`` but the scope, and raises what
        :meth:`respo.Client.acquire` does.
        """


@pytest.fixture
def respo_lease(request: pytest.FixtureRequest) -> Lease:
    """The lease of what the test needs: a :class:`respo.Lease`, which is held."""
    return request.config.stash[PLUGIN].lease_of(request.node)


@pytest.fixture
def respo_resource(respo_lease: Lease) -> Resource:
    """The one resource that the test needs: a :class:`respo.Resource`."""
    return respo_lease.resource


@pytest.fixture(scope="class")
def respo_class_lease(request: pytest.FixtureRequest) -> Iterator[Lease]:
    """The lease of what the mark of the class says, for fixtures of that scope."""
    with request.config.stash[PLUGIN].shared(request.node, "respo_class_lease") as lease:
        yield lease


@pytest.fixture(scope="module")
def respo_module_lease(request: pytest.FixtureRequest) -> Iterator[Lease]:
    """The lease of what the mark of the module says, for fixtures of that scope."""
    with request.config.stash[PLUGIN].shared(request.node, "respo_module_lease") as lease:
        yield lease


@pytest.fixture(scope="session")
def respo_session_lease(request: pytest.FixtureRequest) -> Iterator[Lease]:
    """The lease of what ``respo_needs`` says, for fixtures of the session."""
    with request.config.stash[PLUGIN].shared(request.node, "respo_session_lease") as lease:
        yield lease


@pytest.fixture(scope="session")
def respo_factory(request: pytest.FixtureRequest) -> LeaseFactory:
    """Return what leases more, in tests and in fixtures.

    Example:
        with respo_factory("+lte", wait="10m") as phone:
            print(phone.name)

    """
    benches = request.config.stash[PLUGIN]

    def factory(*requirements: Any, **options: Any) -> AbstractContextManager[Lease]:
        return benches.from_factory(requirements, options)

    return factory
