"""Raises an exception in another thread: the one in whose ``with`` block a lease was lost."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import threading
from typing import TYPE_CHECKING, Any, Callable

from respo.errors import LeaseLost

if TYPE_CHECKING:
    from collections.abc import Iterator

# What a thread waits for in this package, and how to make it look up.
_nudges: dict[int, Callable[[], None]] = {}


class Block:
    """A ``with`` block that the current thread has entered.

    The exception is raised between two steps of Python code. A thread that waits inside of a
    function of the system, such as ``time.sleep``, gets it when that returns. Where an event loop
    runs in the thread, nothing is raised: it would hit the loop. Nor is it in other Pythons than
    CPython.
    """

    def __init__(self) -> None:
        """Begin."""
        self._thread_id = threading.get_ident()
        self._lock = threading.Lock()
        self._is_open = not _runs_event_loop()
        self._is_pending = False

    def interrupt(self, lost: LeaseLost) -> None:
        """Raise ``lost`` in the block, unless it has been left; for other threads."""
        with self._lock:
            if not self._is_open:
                return
            self._is_pending = _raise_in(self._thread_id, _without_arguments(lost))
        nudge = _nudges.get(self._thread_id)
        if nudge is not None:
            nudge()

    def leave(self) -> None:
        """Make sure that from now on nothing is raised; for the thread that has entered it."""
        with self._lock:
            self._is_open = False
            if self._is_pending:
                self._is_pending = False
                _raise_in(self._thread_id, None)


@contextlib.contextmanager
def nudged(nudge: Callable[[], None]) -> Iterator[None]:
    """Have ``nudge`` called when something is raised in this thread, which waits meanwhile."""
    thread_id = threading.get_ident()
    before = _nudges.get(thread_id)
    _nudges[thread_id] = nudge
    try:
        yield
    finally:
        if before is None:
            _nudges.pop(thread_id, None)
        else:
            _nudges[thread_id] = before


def _runs_event_loop() -> bool:
    return asyncio._get_running_loop() is not None  # noqa: SLF001 the public one raises where there is none


def _raise_in(thread_id: int, kind: type[BaseException] | None) -> bool:
    """Have a thread raise, or no longer raise; return whether that could be arranged."""
    api = getattr(ctypes, "pythonapi", None)
    if api is None:
        return False
    error = ctypes.py_object(kind) if kind is not None else None
    return bool(api.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), error))


def _without_arguments(lost: LeaseLost) -> type[LeaseLost]:
    """Return a class whose instances say the same: CPython makes the instance by itself."""

    def __init__(self: LeaseLost, *_: Any) -> None:  # noqa: N807
        LeaseLost.__init__(
            self, lost.detail, reason=lost.reason, code=lost.code, problem=lost.problem
        )

    def __reduce__(self: LeaseLost) -> tuple[Any, ...]:  # noqa: N807
        return LeaseLost, (self.detail,), vars(self)

    names = {
        "__doc__": LeaseLost.__doc__,
        "__init__": __init__,
        "__module__": "respo",
        "__reduce__": __reduce__,
    }
    return type("LeaseLost", (LeaseLost,), names)
