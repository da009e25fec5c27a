"""The thread that follows one request from asking until its end, and that releases it."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from typing import TYPE_CHECKING, Any, Callable, Protocol

from respo.absence import is_refusal
from respo.backoff import Backoff
from respo.errors import Error
from respo.lease_protocol import Ask, Close, LeaseProtocol, Pause, Receive, Resume, Step
from respo.process import hold, let_go
from respo.request import seconds_of
from respo.streams import Broken, Message, Pace, now

if TYPE_CHECKING:
    from respo.request import Request

logger = logging.getLogger("respo")


class SyncStream(Protocol):
    """A stream whose calls block."""

    @property
    def pace(self) -> Pace:
        """How long the server may be silent."""

    @property
    def last_sign(self) -> float:
        """When there was the last sign of it."""

    def receive(self, within: float | None = None) -> Message:
        """Wait for the next message."""

    def wake(self) -> None:
        """Make :meth:`receive` end; for any thread, in the middle of anything."""

    def close(self) -> None:
        """End the stream, and without linger the request with it."""

    def forget(self) -> None:
        """Give the stream up in a forked child: nothing is sent."""


class Transport(Protocol):
    """A way to make requests. An :class:`Error` is raised where one cannot be made."""

    @property
    def can_repeat(self) -> bool:
        """Whether respod knows a request that is made once more for the same."""

    def ask(self, request: Request, key: str, within: float) -> SyncStream:
        """Make a request."""

    def resume(self, token: str, pool: str | None, within: float) -> SyncStream:
        """Take up a request or lease."""

    def release(self, stream: Any, number: int, token: str, pool: str | None) -> None:
        """End a request or lease, and wait until respod has done so."""

    def close(self) -> None:
        """End what all requests share."""

    def forget(self) -> None:
        """Give that up in a forked child: nothing is sent."""


class LeaseThread:
    """Drives a :class:`LeaseProtocol` until it ends, or until it is told to stop."""

    def __init__(
        self, request: Request, protocol: LeaseProtocol, transport: Transport, timeout: float
    ) -> None:
        """``timeout``: for how many seconds a release is tried."""
        self._request = request
        self._protocol = protocol
        self._transport = transport
        self._timeout = timeout
        # The newest is the last; after a silence, an older one is kept until its place is taken.
        self._streams: list[SyncStream] = []
        self.owner: object = transport
        self.is_stopping = False
        self._lingers = seconds_of(request.body.get("linger")) > 0
        self.on_exit: Callable[[], None] | None = None
        # Its put() may be called in the middle of anything, also by the garbage collector.
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="respo-lease", daemon=True)

    def start(self) -> None:
        """Begin."""
        hold(self)
        self._thread.start()

    def stop(self) -> None:
        """Have the thread release what it follows, and end. Does not wait, takes no lock."""
        self.is_stopping = True
        self._bell.put(None)
        if self._can_stop:
            for stream in tuple(self._streams):
                stream.wake()

    @property
    def _can_stop(self) -> bool:
        """Whether to stop now: what lingers outlives its connection, and must be known first."""
        return self.is_stopping and (self._protocol.id is not None or not self._lingers)

    def join(self, timeout: float | None = None) -> bool:
        """Wait until the thread has ended, and return whether it has."""
        if self._thread is threading.current_thread():
            return False
        with contextlib.suppress(RuntimeError):  # it is about to begin, and will end at once
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def forget(self) -> None:
        """Give it up in a forked child, in which the thread does not run."""
        for stream in self._streams:
            stream.forget()

    def _run(self) -> None:
        steps = self._protocol.run()
        try:
            step: Step = next(steps)
            while not self._can_stop:
                try:
                    outcome = self._perform(step)
                except (Broken, Error) as failure:
                    if self._can_stop:
                        break
                    step = steps.throw(failure)
                    continue
                if self._can_stop or (self.is_stopping and isinstance(step, Pause)):
                    if isinstance(step, Receive):
                        self._protocol.learn(outcome)
                    break
                step = steps.send(outcome)
            steps.close()
            self._release()
            self._protocol.withdrawn()
        except StopIteration:
            pass
        except Exception as defect:  # pragma: no cover a defect of this package must not go unseen
            logger.exception("a defect of respo; the lease counts as lost")
            self._protocol.fail(defect)
        finally:
            while self._streams:
                self._streams.pop().close()
            let_go(self)
            if self.on_exit is not None:
                self.on_exit()

    def _perform(self, step: Step) -> Any:
        if isinstance(step, Ask):
            return self._opened(self._transport.ask(self._request, step.key, step.within))
        if isinstance(step, Resume):
            pool = self._request.pool
            return self._opened(self._transport.resume(step.token, pool, step.within))
        if isinstance(step, Receive):
            return step.stream.receive(step.within)
        if isinstance(step, Close):
            self._streams.remove(step.stream)
            step.stream.close()
        elif isinstance(step, Pause):
            self._pause(step.seconds)
        return None

    def _opened(self, stream: SyncStream) -> SyncStream:
        self._streams.append(stream)
        if self._can_stop:
            stream.wake()
        return stream

    def _pause(self, seconds: float) -> None:
        with contextlib.suppress(queue.Empty):
            self._bell.get(timeout=max(0.001, seconds))

    def _release(self) -> None:
        """Tell respod, for as long as that is worth trying."""
        number, token = self._protocol.id, self._protocol.token
        if number is None or token is None:
            return  # nothing is known of it: it ends with its connection
        deadline, backoff = now() + self._timeout, Backoff()
        while True:
            try:
                stream = self._streams[-1] if self._streams else None
                self._transport.release(stream, number, token, self._request.pool)
            except Error as error:
                if is_refusal(error):
                    return  # it has ended already
                pause = backoff.pause()
                if now() + pause >= deadline:
                    logger.warning(
                        "lease %d was not released, it ends by itself: %s", number, error
                    )
                    return
                self._pause(pause)
            else:
                return
