"""What is known of a lease that is used by asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
from collections import deque
from collections.abc import Awaitable, Mapping
from typing import Any, Callable

from respo.errors import Error, LeaseLost
from respo.lease_facts import Grant
from respo.notices import Notice
from respo.options import Watch

logger = logging.getLogger("respo")

_FAILED = "a callback failed; the lease is not affected"


class AsyncLeaseState:
    """The follower of a request whose lease is used by tasks of one event loop.

    What follows it may run in another thread; everything is passed on in the loop.
    """

    def __init__(self, watch: Watch) -> None:
        """``watch``: who is told what; callbacks may be coroutine functions."""
        self.granted: Grant | None = None
        self.error: Error | None = None
        self._watch = watch
        self._loop = asyncio.get_running_loop()
        self._is_acquired = False
        self._changed = asyncio.Event()
        self._untold: deque[Notice] = deque()
        self._callbacks: set[asyncio.Task[None]] = set()
        self._block: AsyncBlock | None = None

    def tell(self, notice: Notice) -> None:
        """Pass a notice on: while the request waits, in the task that waits for it."""
        self._in_loop(self._take_notice, notice)

    def grant(self, lease: Mapping[str, Any]) -> None:
        """Take in that the lease is held."""
        known = {"token": self.granted.token} if self.granted else {}
        self._in_loop(self._take_grant, Grant({**known, **lease}))

    def end(self, error: Error) -> None:
        """Take in that it is over."""
        self._in_loop(self._take_end, error)

    def enter(self) -> None:
        """Take in that this task enters an ``async with`` block."""
        self._block = AsyncBlock() if self._watch.interrupt else None

    def leave(self, kind: type[BaseException] | None) -> bool:
        """Take in that it leaves it; return whether the loss of the lease is why."""
        block, self._block = self._block, None
        return block is not None and block.leave(kind)

    async def wait(self) -> None:
        """Wait until the lease is held, and pass on what is told meanwhile.

        Raises:
            Error: If it never will be.

        """
        while True:
            while self._untold:
                await _awaited(self._pass_on(self._untold.popleft()))
            if self.error is not None:
                raise self.error
            if self.granted is not None:
                self._is_acquired = True
                return
            self._changed.clear()
            await self._changed.wait()

    def _in_loop(self, function: Callable[..., None], *arguments: Any) -> None:
        if asyncio._get_running_loop() is self._loop:  # noqa: SLF001 the public one may raise
            function(*arguments)
            return
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            self._loop.call_soon_threadsafe(function, *arguments)

    def _take_notice(self, notice: Notice) -> None:
        if self._is_acquired:
            self._call_back(self._pass_on, notice)
        else:
            self._untold.append(notice)
            self._changed.set()

    def _take_grant(self, granted: Grant) -> None:
        self.granted = granted
        self._changed.set()

    def _take_end(self, error: Error) -> None:
        self.error = error
        self._changed.set()
        if not (self._is_acquired and isinstance(error, LeaseLost)):
            return
        if self._watch.on_lost is not None:
            self._call_back(self._watch.on_lost, error)
        else:
            logger.error("%s", error)
        if self._block is not None:
            self._block.interrupt()

    def _pass_on(self, notice: Notice) -> Any:
        if self._watch.on_notice is not None:
            return self._watch.on_notice(notice)
        logger.info("%s", notice)
        return None

    def _call_back(self, function: Callable[[Any], Any], argument: Any) -> None:
        try:
            outcome = function(argument)
        except Exception:
            logger.exception(_FAILED)
            return
        if not inspect.isawaitable(outcome):
            return
        task = self._loop.create_task(_completed(outcome))
        # The loop itself remembers tasks weakly only.
        self._callbacks.add(task)
        task.add_done_callback(self._callbacks.discard)


class AsyncBlock:
    """An ``async with`` block that the current task has entered."""

    def __init__(self) -> None:
        """Begin."""
        self._task = asyncio.current_task()
        self._cancelling = self._requests()
        self._is_interrupted = False

    def interrupt(self) -> None:
        """Cancel what the task waits for in the block."""
        if self._task is not None and not self._is_interrupted:
            self._is_interrupted = True
            self._task.cancel()

    def leave(self, kind: type[BaseException] | None) -> bool:
        """Return whether the block ends because it was interrupted, and for nothing else."""
        if not self._is_interrupted:
            return False
        uncancel = getattr(self._task, "uncancel", None)  # since Python 3.11
        still = 0 if uncancel is None else uncancel()
        is_cancelled = kind is not None and issubclass(kind, asyncio.CancelledError)
        return is_cancelled and still <= self._cancelling

    def _requests(self) -> int:
        """Return how often the task was cancelled already; since Python 3.11."""
        cancelling = getattr(self._task, "cancelling", None)
        return 0 if cancelling is None else int(cancelling())


async def _awaited(outcome: Any) -> None:
    if inspect.isawaitable(outcome):
        await outcome


async def _completed(outcome: Awaitable[Any]) -> None:
    try:
        await outcome
    except Exception:
        logger.exception(_FAILED)
