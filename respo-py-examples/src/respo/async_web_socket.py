"""The WebSocket transport for asyncio: all requests of a client share one connection."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from typing import Any, Callable

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from respo.address import Address
from respo.calls import USER_AGENT, Calls, no_web_socket, refusal, unreachable
from respo.errors import error_of
from respo.mailbox import Mailbox
from respo.process import share
from respo.request import Request
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


class AsyncSocketStream:
    """What is told of one request."""

    def __init__(self, connection: AsyncSocketConnection) -> None:
        """Nothing is asked yet."""
        self.connection = connection
        self.pace: Pace = connection.pulse.pace
        self._ref = ""
        self._pool: str | None = None
        self._is_known = False
        self._mailbox = Mailbox()

    @property
    def last_sign(self) -> float:
        """When there was the last sign of the server."""
        return self.connection.pulse.last_sign

    async def ask(self, text_of: Callable[[str], str], pool: str | None) -> None:
        """Say what ``text_of`` makes of the ``ref``."""
        self._pool = pool
        self._ref = self.connection.open(self._mailbox.put)
        await self.connection.send(text_of(self._ref))

    async def receive(self, within: float | None = None) -> Message:
        """Wait for the next message, at most ``within`` seconds.

        Raises:
            Broken: If there is none.

        """
        try:
            item = await self._mailbox.get(within)
        except asyncio.TimeoutError:
            raise silent(within or 0) from None
        if isinstance(item, Broken):
            raise Broken(str(item))
        self._is_known = True
        return item

    async def close(self) -> None:
        """Hear no more of the request, and cancel it where its id is not known."""
        self.connection.leave(self._ref, None if self._is_known else (self._pool,))
        for item in self._mailbox.empty():
            await self.connection.deliver_late(self._ref, item)


class AsyncSocketConnection:
    """One WebSocket, and the task that reads from it."""

    def __init__(self, sock: socket.socket, web_socket: ClientConnection, hello: Message) -> None:
        """Use a connection that is made."""
        self.loop = asyncio.get_running_loop()
        pace, interval = pace_of(hello)
        self.pulse = Pulse(pace, interval)
        self._sock = sock
        self._web_socket = web_socket
        self._routes = Routes()
        self._pong: Any = None
        self._receiving: asyncio.Task[Any] | None = None
        self._task = self.loop.create_task(self._read(), name="respo-socket")

    @classmethod
    async def to(cls, address: Address, within: float) -> AsyncSocketConnection:
        """Connect.

        Raises:
            Error: If that is not possible.

        """
        within = max(0.01, within)
        sock: socket.socket | None = None
        web_socket: ClientConnection | None = None
        try:
            # In a thread: asyncio itself would not tell a refusal from other failures.
            sock = await asyncio.to_thread(address.connected, within)
            sock.settimeout(0)
            web_socket = await connect(
                socket_url(address),
                sock=sock,
                open_timeout=within,
                close_timeout=1,
                ping_interval=None,
                max_size=LONGEST_MESSAGE,
                compression=None,
                proxy=None,
                user_agent_header=USER_AGENT,
                logger=LIBRARY_LOGGER,
            )
            hello = json.loads(await asyncio.wait_for(web_socket.recv(), within))
            connection = cls(sock, web_socket, hello)
            web_socket = None
            return connection
        except InvalidStatus as answer:
            status, body = answer.response.status_code, bytes(answer.response.body or b"")
            failure = refusal(address, status, body) if status >= 500 else no_web_socket(address)  # noqa: PLR2004
            raise failure from None
        except (OSError, asyncio.TimeoutError, ValueError, WebSocketException) as trouble:
            if sock is not None and web_socket is None:
                sock.close()
            raise unreachable(address, trouble) from None
        finally:
            # The event loop watches the socket: to close that alone would leave the loop deaf to
            # the next one, which gets the same number.
            if web_socket is not None:
                web_socket.transport.abort()

    @property
    def is_broken(self) -> bool:
        """Whether nothing more will come."""
        return self._routes.broken is not None

    def open(self, put: Callable[[Item], None]) -> str:
        """Return a new ``ref``, whose messages go to ``put``."""
        return self._routes.open(put)

    async def send(self, text: str) -> None:
        """Say something."""
        # Where the connection is broken, the reading task notices, and tells.
        with contextlib.suppress(ConnectionClosed, OSError):
            await self._web_socket.send(text)

    async def call(self, kind: str, within: float, **more: Any) -> Message:
        """Say something, and return the one message that answers it.

        Raises:
            Broken: If there is none.
            Error: If respod refuses.

        """
        mailbox = Mailbox()
        ref = self.open(mailbox.put)
        try:
            await self.send(message_text(kind, ref, **more))
            answer = await mailbox.get(within)
        except asyncio.TimeoutError:
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
        if abandoned is None:
            self._routes.leave(ref)
        else:
            self._routes.abandon(ref, *abandoned)
        if self.is_broken and self._routes.is_empty:
            self._web_socket.transport.abort()

    async def deliver_late(self, ref: str, item: Item) -> None:
        """Take in what nobody has looked at before ``ref`` was left."""
        answer = None if isinstance(item, Broken) else self._routes.cancellation(ref, item)
        if answer is not None:
            await self.send(answer)

    async def close(self) -> None:
        """Close the connection in good order, and wait for the end of its task."""
        await self._web_socket.close()
        await asyncio.wait({self._task})

    def forget(self) -> None:
        """Close this process's copy of the socket; nothing is sent."""
        with contextlib.suppress(OSError):
            os.close(self._sock.detach())

    async def _read(self) -> None:
        try:
            while True:
                await self._read_once(self.pulse.pause)
                if self.pulse.is_silent:
                    await self._read_once(self.pulse.pace.second_look)
                if self.pulse.is_silent:
                    raise silent(self.pulse.pace.limit)
        except Broken as broken:
            self._routes.break_off(broken)
        except (ConnectionClosed, OSError) as failure:
            said = getattr(getattr(failure, "rcvd", None), "reason", "")
            self._routes.break_off(Broken(f"{closed()}{': ' if said else ''}{said}"))
        except asyncio.CancelledError:
            self._routes.break_off(closed())
            raise
        finally:
            if self._receiving is not None:
                self._receiving.cancel()
            # After a silence the server may have the connection still: see leave().
            if self._routes.is_empty:
                self._web_socket.transport.abort()

    async def _read_once(self, within: float) -> None:
        """Wait for a message, deliver it, and ping where that is due."""
        # Not asyncio.wait_for: before Python 3.12 it swallows a cancellation now and then.
        if self._receiving is None:
            self._receiving = self.loop.create_task(self._web_socket.recv(), name="respo-receive")
        await asyncio.wait({self._receiving}, timeout=within)
        if self._receiving.done():
            receiving, self._receiving = self._receiving, None
            text = receiving.result()
            self.pulse.hear()
            answer = self._routes.deliver(text)
            if answer is not None:
                await self.send(answer)
        if self._pong is not None and self._pong.done():
            self.pulse.answered()
        if self.pulse.is_due:
            self.pulse.pinged()
            self._pong = await self._web_socket.ping()


class AsyncSocketTransport:
    """Makes requests over a WebSocket."""

    def __init__(self, calls: Calls) -> None:
        """Ask where ``calls`` go."""
        self._calls = calls
        self._connection: AsyncSocketConnection | None = None
        self._lock: asyncio.Lock | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        share(self)

    async def ask(self, request: Request, key: str, within: float) -> AsyncSocketStream:
        """Make a request."""
        stream = AsyncSocketStream(await self._connected(within))
        await stream.ask(lambda ref: request_text(ref, request, key), request.pool)
        return stream

    async def resume(self, token: str, pool: str | None, within: float) -> AsyncSocketStream:
        """Take up a request or lease whose connection broke."""
        stream = AsyncSocketStream(await self._connected(within))
        await stream.ask(lambda ref: message_text("resume", ref, token=token, pool=pool), pool)
        return stream

    async def release(self, stream: Any, number: int, token: str, pool: str | None) -> None:
        """End a request or lease, and wait until respod has done so."""
        if isinstance(stream, AsyncSocketStream) and not stream.connection.is_broken:
            with contextlib.suppress(Broken):
                await stream.connection.call("release", self._calls.timeout, id=number, pool=pool)
                return
        await asyncio.to_thread(self._calls.release, "requests", number, token, pool)

    async def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None and connection.loop is asyncio.get_running_loop():
            await connection.close()

    def forget(self) -> None:
        """Give the connection up in a forked child, which gets one of its own when it needs one."""
        connection, self._connection = self._connection, None
        self._lock = None
        if connection is not None:
            connection.forget()

    async def _connected(self, within: float) -> AsyncSocketConnection:
        loop = asyncio.get_running_loop()
        if self._lock is None or self._loop is not loop:
            self._lock, self._loop = asyncio.Lock(), loop
        deadline = now() + within
        async with self._lock:
            connection = self._connection
            if connection is None or connection.is_broken or connection.loop is not loop:
                address = self._calls.address
                connection = await AsyncSocketConnection.to(address, deadline - now())
                self._connection = connection
            return connection
