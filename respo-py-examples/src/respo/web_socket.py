"""The WebSocket transport for threads: all requests of a client share one connection."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import socket
import threading
import weakref
from typing import TYPE_CHECKING, Any, Callable

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import connect

from respo.calls import USER_AGENT, no_web_socket, refusal, unreachable
from respo.errors import Unavailable, error_of
from respo.lock_stream import LockStream, LockTransport
from respo.process import share
from respo.socket_messages import (
    LIBRARY_LOGGER,
    LONGEST_MESSAGE,
    Item,
    Pulse,
    Routes,
    message_text,
    pace_of,
    request_text,
    socket_url,
)
from respo.streams import Broken, Message, Pace, closed, now, silent

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

    from respo.address import Address
    from respo.calls import Calls
    from respo.request import Request


class SocketStream:
    """What is told of one request."""

    def __init__(self, connection: SocketConnection) -> None:
        """Nothing is asked yet."""
        self.connection = connection
        self.pace: Pace = connection.pulse.pace
        self.ref = ""
        self._pool: str | None = None
        self._is_known = False
        self.mailbox: queue.SimpleQueue[Item | None] = queue.SimpleQueue()

    @property
    def last_sign(self) -> float:
        """When there was the last sign of the server."""
        return self.connection.pulse.last_sign

    def ask(self, text_of: Callable[[str], str], pool: str | None) -> None:
        """Say what ``text_of`` makes of the ``ref``."""
        self._pool = pool
        self.ref = self.connection.say(text_of, self.mailbox.put)

    def receive(self, within: float | None = None) -> Message:
        """Wait for the next message, at most ``within`` seconds.

        Raises:
            Broken: If there is none.

        """
        try:
            item = self.mailbox.get(timeout=within)
        except queue.Empty:
            raise silent(within or 0) from None
        if item is None:
            raise closed()
        if isinstance(item, Broken):
            raise Broken(str(item))
        self._is_known = True
        return item

    def wake(self) -> None:
        """Make :meth:`receive` end."""
        self.mailbox.put(None)

    def close(self) -> None:
        """Hear no more of the request, and cancel it where its id is not known."""
        self.connection.leave(self.ref, None if self._is_known else (self._pool,))
        with contextlib.suppress(queue.Empty):
            while True:
                self.connection.deliver_late(self.ref, self.mailbox.get_nowait())

    def forget(self) -> None:
        """There is nothing to forget: the connection is."""


class SocketConnection:
    """One WebSocket, and the thread that reads from it."""

    def __init__(self, address: Address, within: float) -> None:
        """Connect.

        Raises:
            Error: If that is not possible.

        """
        self._lock = threading.Lock()
        self._routes = Routes()
        self._is_closing = False
        self._socket = _connected(address, within)
        try:
            pace, interval = pace_of(json.loads(self._socket.recv(timeout=max(0.01, within))))
        except (WebSocketException, OSError, ValueError) as failure:
            self._socket.close()
            raise unreachable(address, failure) from None
        self.pulse = Pulse(pace, interval)
        self._pong: threading.Event | None = None
        self._thread = threading.Thread(target=self._read, name="respo-socket", daemon=True)
        self._thread.start()

    @property
    def is_broken(self) -> bool:
        """Whether nothing more will come."""
        return self._routes.broken is not None

    def say(self, text_of: Callable[[str], str], put: Callable[[Item], None]) -> str:
        """Say something under a new ``ref``, whose messages go to ``put``; return the ``ref``."""
        with self._lock:
            ref = self._routes.open(put)
        self._send(text_of(ref))
        return ref

    def call(self, kind: str, within: float, **more: Any) -> Message:
        """Say something, and return the one message that answers it.

        Raises:
            Broken: If there is none.
            Error: If respod refuses.

        """
        mailbox: queue.SimpleQueue[Item] = queue.SimpleQueue()
        ref = self.say(lambda ref: message_text(kind, ref, **more), mailbox.put)
        try:
            answer = mailbox.get(timeout=within)
        except queue.Empty:
            raise silent(within) from None
        finally:
            self.leave(ref, None)
        if isinstance(answer, Broken):
            raise answer
        if answer.get("event") == "error":
            raise error_of(answer["problem"])
        return answer

    def leave(self, ref: str, abandoned: tuple[str | None] | None) -> None:
        """Hear no more of ``ref``. ``abandoned``: its pool, if it is to be cancelled."""
        with self._lock:
            if abandoned is None:
                self._routes.leave(ref)
            else:
                self._routes.abandon(ref, *abandoned)
            is_useless = self.is_broken and self._routes.is_empty
        if is_useless:
            self.shut()

    def deliver_late(self, ref: str, item: Item | None) -> None:
        """Take in what nobody has looked at before ``ref`` was left."""
        if item is None or isinstance(item, Broken):
            return
        with self._lock:
            answer = self._routes.cancellation(ref, item)
        if answer is not None:
            self._send(answer)

    def close(self) -> None:
        """Close the connection in good order, and wait for the end of its thread."""
        self._is_closing = True
        self._socket.close()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def forget(self) -> None:
        """Close this process's copy of the socket; nothing is sent."""
        with contextlib.suppress(OSError):
            os.close(self._socket.socket.detach())

    def _send(self, text: str) -> None:
        # Where the connection is broken, the reading thread notices, and tells.
        with contextlib.suppress(ConnectionClosed, OSError):
            self._socket.send(text)

    def _read(self) -> None:
        try:
            while True:
                self._read_once(self.pulse.pause)
                if self.pulse.is_silent:
                    self._read_once(self.pulse.pace.second_look)
                if self.pulse.is_silent:
                    raise silent(self.pulse.pace.limit)
        except Broken as broken:
            self._break_off(broken)
        except (ConnectionClosed, OSError) as failure:
            said = getattr(getattr(failure, "rcvd", None), "reason", "")
            self._break_off(Broken(f"{closed()}{': ' if said else ''}{said}"))

    def _read_once(self, within: float) -> None:
        """Wait for a message, deliver it, and ping where that is due."""
        try:
            text = self._socket.recv(timeout=within)
        except TimeoutError:
            text = None
        if text is not None:
            self.pulse.hear()
            with self._lock:
                answer = self._routes.deliver(text)
            if answer is not None:
                self._send(answer)
        if self._pong is not None and self._pong.is_set():
            self.pulse.answered()
        if self.pulse.is_due:
            self.pulse.pinged()
            self._pong = self._socket.ping()

    def _break_off(self, broken: Broken) -> None:
        with self._lock:
            self._routes.break_off(broken)
            is_useless = self._routes.is_empty
        # After a silence the server may have the connection still, and its end would be the end of
        # what is being taken up again on another one. So it is closed when nobody needs it.
        if is_useless:
            self.shut()

    def shut(self) -> None:
        """Break the connection off. Does not wait, takes no lock."""
        with contextlib.suppress(OSError):
            self._socket.socket.shutdown(socket.SHUT_RDWR)


class NoWebSocket(Exception):
    """What is there speaks HTTP, but has no WebSocket."""


def _connected(address: Address, within: float) -> ClientConnection:
    options: dict[str, Any] = {"proxy": None, "compression": None, "ping_interval": None}
    within = max(0.01, within)
    try:
        sock = address.connected(within)
        # A context manager in all versions of the library; some warn of any other use.
        opening: ClientConnection = connect(
            socket_url(address),
            sock=sock,
            open_timeout=within,
            close_timeout=1,
            max_size=LONGEST_MESSAGE,
            user_agent_header=USER_AGENT,
            logger=LIBRARY_LOGGER,
            **options,
        )
        return opening.__enter__()
    except InvalidStatus as answer:
        if answer.response.status_code >= 500:  # noqa: PLR2004
            body = bytes(answer.response.body or b"")
            raise refusal(address, answer.response.status_code, body) from None
        raise NoWebSocket from None
    except (OSError, ValueError, WebSocketException) as failure:
        raise unreachable(address, failure) from None


class SocketTransport:
    """Makes requests over a WebSocket, and where a proxy lets none through, by ``POST /lock``."""

    def __init__(self, calls: Calls, fallback: LockTransport | None) -> None:
        """``fallback``: what to use where there is no WebSocket; ``None``: that is an error."""
        self._calls = calls
        self._fallback = fallback
        self._uses_fallback = False
        self._lock = threading.Lock()
        self._connection: SocketConnection | None = None
        self._finalizer: weakref.finalize[..., SocketTransport] | None = None
        share(self)

    @property
    def can_repeat(self) -> bool:
        """Whether respod knows a request that is made once more for the same."""
        return not self._uses_fallback

    def ask(self, request: Request, key: str, within: float) -> SocketStream | LockStream:
        """Make a request."""
        connection = self._connection_within(within)
        if connection is None:
            return self._lock_transport.ask(request, key, within)
        stream = SocketStream(connection)
        stream.ask(lambda ref: request_text(ref, request, key), request.pool)
        return stream

    def resume(self, token: str, pool: str | None, within: float) -> SocketStream | LockStream:
        """Take up a request or lease whose connection broke."""
        connection = self._connection_within(within)
        if connection is None:
            return self._lock_transport.resume(token, pool, within)
        stream = SocketStream(connection)
        stream.ask(lambda ref: message_text("resume", ref, token=token, pool=pool), pool)
        return stream

    def release(self, stream: Any, number: int, token: str, pool: str | None) -> None:
        """End a request or lease, and wait until respod has done so."""
        if isinstance(stream, SocketStream) and not stream.connection.is_broken:
            with contextlib.suppress(Broken):
                stream.connection.call("release", self._calls.timeout, id=number, pool=pool)
                return
        self._calls.release("requests", number, token, pool)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def forget(self) -> None:
        """Give the connection up in a forked child, which gets one of its own when it needs one."""
        connection, self._connection = self._connection, None
        self._lock = threading.Lock()
        if connection is not None:
            connection.forget()

    @property
    def _lock_transport(self) -> LockTransport:
        if self._fallback is None:
            raise no_web_socket(self._calls.address)
        return self._fallback

    def _connection_within(self, within: float) -> SocketConnection | None:
        """Return the connection, making one if there is none; ``None``: none can be made."""
        if self._uses_fallback:
            return None
        deadline = now() + within
        if not self._lock.acquire(timeout=max(0.01, within)):
            raise Unavailable(f"respod at {self._calls.address} does not answer in time")
        try:
            if self._connection is None or self._connection.is_broken:
                left = max(0.01, deadline - now())
                self._connection = SocketConnection(self._calls.address, left)
                # When neither the client nor a lease needs it any more.
                if self._finalizer is not None:
                    self._finalizer.detach()
                self._finalizer = weakref.finalize(self, self._connection.shut)
                self._finalizer.atexit = False
            return self._connection
        except NoWebSocket:
            self._uses_fallback = self._fallback is not None
            return None
        finally:
            self._lock.release()
