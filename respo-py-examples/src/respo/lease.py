"""A lease, for threads."""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING

from respo.errors import Error
from respo.lease_facts import LeaseFacts
from respo.lease_protocol import LeaseProtocol
from respo.lease_state import LeaseState
from respo.lease_thread import LeaseThread

if TYPE_CHECKING:
    from types import TracebackType

    from respo.lease_thread import Transport
    from respo.options import Watch
    from respo.request import Request


class Lease(LeaseFacts):
    """One request and, once it is granted, the exclusive use of what it asks for.

    Made by :meth:`respo.Client.lease`. A ``with`` block acquires it where it begins, and releases
    it where it ends, however it ends. If the lease is lost meanwhile, :class:`respo.LeaseLost` is
    raised in the block at the next opportunity, whenever the lease is used, and at the end of the
    block unless another exception is under way.

    Where it is of one resource, attributes are those of the resource: ``lease.name``,
    ``lease.location``, ``lease.dut.socket``.

    Example:
        >>> lease = respo.lease("+can")
        >>> with lease as bench:
        ...     print(lease)
        <respo.Lease 1 of bench-1, held>
        >>> print(lease)
        <respo.Lease 1 of bench-1, released>

    """

    _state: LeaseState | None
    _runner: LeaseThread | None

    def __init__(
        self, transport: Transport, request: Request, timeout: float, watch: Watch
    ) -> None:
        """Leases are made by :meth:`respo.Client.lease`."""
        super().__init__(request)
        self._transport = transport
        self._timeout = timeout
        self._watch = watch

    def acquire(self) -> Lease:
        """Ask for the resources, wait until they are granted, and return this lease.

        Does nothing where it is held already. One that was released can be acquired anew.

        Raises:
            Busy: If they are not free in the time that the request is ready to wait.
            NoSuch: If no resource can ever satisfy the request.
            Invalid: If the request has a mistake.
            Unavailable: If respod cannot be reached.
            LeaseLost: If this lease was held and is lost, or if its request was ended.

        """
        if self._granted is not None and not self._is_released:
            self._held()
            return self
        self._process_id = os.getpid()
        self._state = state = LeaseState(self._watch)
        protocol = LeaseProtocol(
            self._request, state, timeout=self._timeout, can_repeat=self._transport.can_repeat
        )
        self._runner = LeaseThread(self._request, protocol, self._transport, self._timeout)
        weakref.finalize(self, self._runner.stop).atexit = False
        try:
            # In here: a Ctrl-C as soon as it has begun must not leave a request behind.
            self._runner.start()
            state.wait()
        except Error as failure:
            self.release()
            # Where it was noticed is of no interest.
            raise failure.with_traceback(None) from None
        except BaseException:
            self.release()
            raise
        return self

    def release(self) -> None:
        """Give everything back, and return when respod has taken it.

        What was released already, or lost, is left alone. Where respod cannot be reached, this is
        tried for the timeout of the client, and then logged: the lease ends by itself.
        """
        if self._runner is None or self._process_id != os.getpid():
            return
        self._runner.stop()
        self._runner.join()

    def __enter__(self) -> Lease:
        """Acquire it, unless that is done, and return it."""
        self.acquire()
        if self._state is not None:
            self._state.enter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Release it; raise LeaseLost if it was lost and nothing else is raised."""
        if self._is_forked:
            return
        try:
            if self._state is not None:
                self._state.leave()
        finally:
            loss = self._loss()
            self.release()
        if loss is not None and kind is None:
            raise loss.with_traceback(None) from None
