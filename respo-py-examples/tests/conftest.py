"""Fixtures for all tests of this package."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon import FIVE_BENCHES, ONE_BENCH, Respod

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def respod() -> Iterator[Respod]:
    """A respod with one bench, `bench-1`."""
    with Respod(ONE_BENCH) as daemon:
        yield daemon


@pytest.fixture
def lab() -> Iterator[Respod]:
    """A respod with five benches."""
    with Respod(FIVE_BENCHES) as daemon:
        yield daemon
