"""Waiting for the thing itself, in tests."""

from __future__ import annotations

import threading
import time
from typing import Callable, TypeVar

Found = TypeVar("Found")

PATIENCE = 30.0
"""Seconds after which a test gives up."""


def eventually(what: str, look: Callable[[], Found]) -> Found:
    """Return what ``look`` finds as soon as that is true."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            message = f"{what}: not within {PATIENCE:g} s"
            raise AssertionError(message)
        time.sleep(0.01)


def announced(event: threading.Event, function: Callable[..., object]) -> Callable[..., object]:
    """Return a function that sets the event first."""

    def announcing(*arguments: object) -> object:
        event.set()
        return function(*arguments)

    return announcing
