"""Brings tests together that can share a lease."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from respo.pytest_plugin.holdings import domain_of

if TYPE_CHECKING:
    import pytest

    from respo.pytest_plugin.need import Need


def grouped(
    items: list[pytest.Item], need_of: Callable[[pytest.Item], Need | None]
) -> list[pytest.Item]:
    """Return the tests with equal needs one after the other.

    The groups stand in the order of their first tests, and the tests of each as before. Those that
    need nothing are a group, too.
    """
    groups: dict[Any, list[pytest.Item]] = {}
    for item in items:
        need = need_of(item)
        key: Any = None
        if need is not None:
            # Leases of single tests are not shared; they stand with others of the same need.
            is_single = need.scope == "function"
            key = (need.key, item.session if is_single else domain_of(need, item))
        groups.setdefault(key, []).append(item)
    return [item for group in groups.values() for item in group]
