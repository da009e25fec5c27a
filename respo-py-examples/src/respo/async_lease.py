"""A lease, for asyncio."""

from __future__ import annotations

import os
import weakref
from types import TracebackType
from typing import Protocol

from respo.async_state import AsyncLeaseState
from respo.errors import Error
from respo.lease_facts import LeaseFacts
from respo.lease_task import AsyncRunner
from respo.options import Watch
from respo.request import Request


class Beginning(Protocol):
    """How requests are made."""

    def begin(self, request: Request, state: AsyncLeaseState) -> AsyncRunner:
        """Return what follows a request."""

    def falls_back(self, error: Error) -> bool:
        """Return whether it is worth asking again in another way after this error."""


class AsyncLease(LeaseFacts):
    """One request and, once it is granted, the exclusive use of what it asks for; for asyncio.

    Made by :meth:`respo.AsyncClient.lease`. An ``async with`` block acquires it where it begins,
    and releases it where it ends, however it ends. If the lease is lost meanwhile, the block is
    cancelled where it waits for something, and raises :class:`respo.LeaseLost`. It is also raised
    whenever the lease is used, and at the end of the block unless another exception is under way.

    Example:
        >>> async def main():
        ...     async with respo.async_lease("+can", wait="10m") as bench:
        ...         print(bench.dut.socket)
        >>> asyncio.run(main())
        127.0.0.1:4567

    """

    _state: AsyncLeaseState | None
    _runner: AsyncRunner | None

    def __init__(self, client: Beginning, request: Request, watch: Watch) -> None:
        """Leases are made by :meth:`respo.AsyncClient.lease`."""
        super().__init__(request)
        self._client = client
        self._watch = watch

    async def acquire(self) -> AsyncLease:
        """Ask for the resources, wait until they are granted, and return this lease.

        Raises what :meth:`respo.Lease.acquire` does. If the task is cancelled while it waits, the
        request is withdrawn.
        """
        if self._granted is not None and not self._is_released:
            self._held()
            return self
        self._process_id = os.getpid()
        self._state = state = AsyncLeaseState(self._watch)
        self._runner = self._client.begin(self._request, state)
        self._runner.start()
        try:
            await state.wait()
        except Error as failure:
            await self.release()
            if self._client.falls_back(failure):
                return await self.acquire()
            # Where it was noticed is of no interest.
            raise failure.with_traceback(None) from None
        except BaseException:
            await self.release()
            raise
        weakref.finalize(self, self._runner.stop).atexit = False
        return self

    async def release(self) -> None:
        """Give everything back, and return when respod has taken it.

        Does what :meth:`respo.Lease.release` does.
        """
        if self._runner is None or self._process_id != os.getpid():
            return
        if not self._runner.is_stopping:
            self._runner.stop()
        await self._runner.ended()

    async def __aenter__(self) -> AsyncLease:
        """Acquire it, unless that is done, and return it."""
        await self.acquire()
        if self._state is not None:
            self._state.enter()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Release it; raise LeaseLost if it was lost and nothing else is raised."""
        if self._is_forked:
            return
        is_interrupted = self._state is not None and self._state.leave(kind)
        loss = self._loss()
        await self.release()
        if loss is not None and (kind is None or is_interrupted):
            raise loss.with_traceback(None) from None
