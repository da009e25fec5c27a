"""A decorator for tests that need hardware."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
from collections.abc import Mapping
from typing import Any, Callable, TypeVar

from respo.errors import Error
from respo.instants import Duration
from respo.provisioner.allocation import Allocation
from respo.provisioner.demands import Demands, requirements_of
from respo.provisioner.provisioner import TTL, WAIT, Provisioner
from respo.provisioner.withdrawal import Withdrawal

Test = TypeVar("Test", bound=Callable[..., Any])

PARAMETER = "base_config"
"""The parameter of a test that is given the allocation."""


def hardware(
    demands: Demands | None = None,
    /,
    *,
    provisioner: Provisioner | None = None,
    wait: Duration = WAIT,
    ttl: Duration = TTL,
    priority: int = 0,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
    grouping: Mapping[str, Mapping[str, Any]] | None = None,
    **hosts: Mapping[str, Any],
) -> Callable[[Test], Test]:
    """Have a test run while it has hosts to itself.

    It decorates functions, coroutine functions, methods, and classes: of these, every method whose
    name begins with ``test``. If the test has a parameter ``base_config``, it is given the
    :class:`Allocation`: ``base_config.hosts.host``. pytest does not take that for a fixture.

    Args:
        demands: For each host what it must have: see :meth:`Provisioner.allocate`, which also says
            what the other arguments mean.
        provisioner: Where it is allocated; by default where ``RESPO_URL`` says when the test runs.
        wait: How long to wait in the queue.
        ttl: How long the allocation lives without a heartbeat.
        priority: Higher goes first.
        description: What it is for; by default the name of the test.
        tags: More to be known of the request.
        grouping: Names for some of the hosts.
        **hosts: More demands: ``hardware(host={"gpu": 1})``.

    Raises:
        Invalid: If nothing, or nothing sensible, is demanded.

    Example:
        >>> @hardware({"host": {"attributes": ["can"]}})
        ... def test_console(base_config):
        ...     print(base_config.hosts.host.name)
        >>> test_console()
        bench-1

    """
    wanted: dict[str, Mapping[str, Any]] = {**(demands or {}), **hosts}
    requirements_of(wanted)

    def allocate(test: Callable[..., Any], withdrawal: Withdrawal | None = None) -> Allocation:
        return (provisioner or Provisioner()).allocate(
            wanted,
            wait=wait,
            ttl=ttl,
            priority=priority,
            description=description or f"{test.__module__}.{test.__qualname__}",
            tags=tags,
            grouping=grouping,
            withdrawal=withdrawal,
        )

    def decorate(test: Test) -> Test:
        decorated: Any
        if isinstance(test, type):
            for name, method in list(vars(test).items()):
                if name.startswith("test") and inspect.isfunction(method):
                    setattr(test, name, decorate(method))
            return test
        decorated = (_asynchronous if inspect.iscoroutinefunction(test) else _plain)(test, allocate)
        decorated.hardware = wanted
        return decorated  # type: ignore[no-any-return]

    return decorate


def hardware_config(
    hardware: Demands, grouping: Mapping[str, Mapping[str, Any]] | None = None
) -> Callable[[Test], Test]:
    """Do what :func:`hardware` does; the name and the arguments are those of the seed project."""
    return _hardware(hardware, grouping=grouping)


_hardware = hardware


def _plain(test: Callable[..., Any], allocate: Callable[..., Allocation]) -> Callable[..., Any]:
    wants = _wants(test)

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> Any:
        with allocate(test) as allocation:
            if wants:
                kwargs[PARAMETER] = allocation
            return test(*args, **kwargs)

    return _shown(run, test)


async def _allocated(allocate: Callable[..., Allocation], test: Callable[..., Any]) -> Allocation:
    """Allocate in another thread; if this is cancelled, that ends without an allocation."""
    withdrawal = Withdrawal()
    allocating = asyncio.ensure_future(asyncio.to_thread(allocate, test, withdrawal))
    try:
        return await asyncio.shield(allocating)
    except asyncio.CancelledError:
        withdrawal.withdraw()
        with contextlib.suppress(Error):
            allocation = await allocating
            await asyncio.to_thread(allocation.release)
        raise


def _asynchronous(
    test: Callable[..., Any], allocate: Callable[..., Allocation]
) -> Callable[..., Any]:
    wants = _wants(test)

    @functools.wraps(test)
    async def run(*args: Any, **kwargs: Any) -> Any:
        with await _allocated(allocate, test) as allocation:
            if wants:
                kwargs[PARAMETER] = allocation
            return await test(*args, **kwargs)

    return _shown(run, test)


def _wants(test: Callable[..., Any]) -> bool:
    return PARAMETER in inspect.signature(test).parameters


def _shown(run: Callable[..., Any], test: Callable[..., Any]) -> Callable[..., Any]:
    """Hide the parameter from pytest, which would look for a fixture of that name."""
    signature = inspect.signature(test)
    parameters = [one for one in signature.parameters.values() if one.name != PARAMETER]
    shown: Any = run
    shown.__signature__ = signature.replace(parameters=parameters)
    return run
