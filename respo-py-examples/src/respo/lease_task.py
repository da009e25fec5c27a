"""The task that follows one request from asking until its end, and that releases it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any, Protocol

from respo.absence import is_refusal
from respo.backoff import Backoff
from respo.calls import Calls
from respo.errors import Error
from respo.lease_protocol import Ask, Close, LeaseProtocol, Pause, Receive, Resume, Step
from respo.lease_thread import LeaseThread
from respo.process import hold, let_go
from respo.request import Request, seconds_of
from respo.streams import Broken, Message, Pace, now

logger = logging.getLogger("respo")


class AsyncStream(Protocol):
    """A stream whose calls are awaited."""

    @property
    def pace(self) -> Pace:
        """How long the server may be silent."""

    @property
    def last_sign(self) -> float:
        """When there was the last sign of it."""

    async def receive(self, within: float | None = None) -> Message:
        """Wait for the next message."""

    async def close(self) -> None:
        """End the stream."""


class AsyncTransport(Protocol):
    """A way to make requests. An :class:`Error` is raised where one cannot be made."""

    async def ask(self, request: Request, key: str, within: float) -> AsyncStream:
        """Make a request."""

    async def resume(self, token: str, pool: str | None, within: float) -> AsyncStream:
        """Take up a request or lease."""

    async def release(self, stream: Any, number: int, token: str, pool: str | None) -> None:
        """End a request or lease, and wait until respod has done so."""


class AsyncRunner(Protocol):
    """What follows a request."""

    is_stopping: bool

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """Release it, and end. Does not wait; for any thread."""

    async def ended(self) -> None:
        """Wait for the end."""


class LeaseTask:
    """Drives a :class:`LeaseProtocol` until it ends, or until it is told to stop."""

    def __init__(
        self, request: Request, protocol: LeaseProtocol, transport: AsyncTransport, calls: Calls
    ) -> None:
        """``calls``: for the end of the process, when no loop runs any more."""
        self.is_stopping = False
        self.owner: object = transport
        self._request = request
        self._protocol = protocol
        self._transport = transport
        self._calls = calls
        self._streams: list[AsyncStream] = []
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        self._is_ending = False

    def start(self) -> None:
        """Begin."""
        hold(self)
        self._task = self._loop.create_task(self._run(), name="respo-lease")

    def stop(self) -> None:
        """Have the task release what it follows, and end. Does not wait; for any thread."""
        self.is_stopping = True
        if self._task is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._interrupt)

    def _interrupt(self) -> None:
        """Cancel what the task waits for, but not the release: that is what it is told to do."""
        if self._task is not None and not self._is_ending:
            self._is_ending = True
            self._task.cancel()

    async def ended(self) -> None:
        """Wait for the end."""
        if self._task is not None and self._task is not asyncio.current_task():
            await asyncio.wait({self._task})

    def join(self, timeout: float | None = None) -> bool:
        """Release it without the loop: the process is about to end."""
        number, token = self._protocol.id, self._protocol.token
        if number is not None and token is not None:
            with contextlib.suppress(Error):
                calls = Calls(self._calls.address, min(self._calls.timeout, timeout or 1.0))
                calls.release("requests", number, token, self._request.pool)
        let_go(self)
        return True

    def forget(self) -> None:
        """Nothing is its own: the connection is shared, and closed in a forked child by others."""

    async def _run(self) -> None:
        try:
            try:
                await self._drive()
            except asyncio.CancelledError:
                # Also when the loop ends, which cancels everything.
                self.is_stopping = self._is_ending = True
                await self._learn()
                await self._release()
                self._protocol.withdrawn()
        except Exception as defect:  # pragma: no cover a defect must not go unseen
            logger.exception("a defect of respo; the lease counts as lost")
            self._protocol.fail(defect)
        finally:
            self._is_ending = True
            while self._streams:
                await self._streams.pop().close()
            let_go(self)

    async def _drive(self) -> None:
        steps = self._protocol.run()
        try:
            step: Step = next(steps)
            while True:
                try:
                    outcome = await self._perform(step)
                except (Broken, Error) as failure:
                    self._check_whether_to_go_on()
                    step = steps.throw(failure)
                    continue
                if self.is_stopping and isinstance(step, Receive):
                    self._protocol.learn(outcome)
                self._check_whether_to_go_on()
                step = steps.send(outcome)
        except StopIteration:
            return

    def _check_whether_to_go_on(self) -> None:
        # Some of what is awaited swallows a cancellation that comes together with its outcome, as
        # asyncio.wait_for does before Python 3.12.
        if self.is_stopping:
            raise asyncio.CancelledError

    async def _perform(self, step: Step) -> Any:
        if isinstance(step, Ask):
            return self._opened(await self._transport.ask(self._request, step.key, step.within))
        if isinstance(step, Resume):
            pool = self._request.pool
            return self._opened(await self._transport.resume(step.token, pool, step.within))
        if isinstance(step, Receive):
            return await step.stream.receive(step.within)
        if isinstance(step, Close):
            self._streams.remove(step.stream)
            await step.stream.close()
        elif isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
        return None

    def _opened(self, stream: AsyncStream) -> AsyncStream:
        self._streams.append(stream)
        return stream

    async def _learn(self) -> None:
        """Find out whose request it is, where it would outlive its connection."""
        lingers = seconds_of(self._request.body.get("linger")) > 0
        if self._protocol.id is None and self._streams and lingers:
            with contextlib.suppress(Broken):
                self._protocol.learn(await self._streams[-1].receive(self._calls.timeout))

    async def _release(self) -> None:
        """Tell respod, for as long as that is worth trying."""
        number, token = self._protocol.id, self._protocol.token
        if number is None or token is None:
            return  # nothing is known of it: closing the stream cancels it
        deadline, backoff = now() + self._calls.timeout, Backoff()
        while True:
            stream = self._streams[-1] if self._streams else None
            try:
                await self._transport.release(stream, number, token, self._request.pool)
            except Error as error:
                if is_refusal(error):
                    return  # it has ended already
                pause = backoff.pause()
                if now() + pause >= deadline:
                    logger.warning(
                        "lease %d was not released, it ends by itself: %s", number, error
                    )
                    return
                await asyncio.sleep(pause)
            else:
                return


class ThreadRunner:
    """A :class:`LeaseThread` for whom tasks wait."""

    def __init__(self, thread: LeaseThread) -> None:
        """Wrap one that is not started."""
        self._thread = thread
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        thread.on_exit = self._exited

    @property
    def is_stopping(self) -> bool:
        """Whether it is told to stop."""
        return self._thread.is_stopping

    @is_stopping.setter
    def is_stopping(self, value: bool) -> None:
        self._thread.is_stopping = value

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Release it, and end. Does not wait; for any thread."""
        self._thread.stop()

    async def ended(self) -> None:
        """Wait for the end."""
        await self._ended.wait()
        # It has nothing more to do than to return.
        self._thread.join()

    def _exited(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._ended.set)
