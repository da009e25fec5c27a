"""The HTTP transport: each request is a ``POST /lock`` on a connection of its own."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
from typing import TYPE_CHECKING

from respo.calls import not_respod, refusal, target_of, unreachable
from respo.streams import Broken, Message, Pace, closed, now, silent

if TYPE_CHECKING:
    from respo.calls import Calls
    from respo.request import Request

PACE = Pace(limit=16.0, last_attempt=1.0)
"""respod says something every 5 s, and notices after about 20 s that a peer has vanished."""

_OK = 200
_LINES = "application/x-ndjson"
_LONGEST_LINE = 1 << 24


class LockStream:
    """One ``POST /lock``: lines of JSON until one side closes the connection."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        """Use a connection that is made."""
        self.pace = PACE
        self.last_sign = now()
        self._connection = connection
        # http.client forgets its socket once the answer has begun.
        self._socket: socket.socket = connection.sock
        self._response: http.client.HTTPResponse | None = None

    def begin(self, target: str, body: bytes, headers: dict[str, str]) -> None:
        """Ask, and read the head of the answer."""
        self._connection.request("POST", target, body=body, headers=headers)
        self._response = self._connection.getresponse()
        self.last_sign = now()

    @property
    def response(self) -> http.client.HTTPResponse:
        """The answer, whose head has been read."""
        if self._response is None:
            raise closed()
        return self._response

    def receive(self, within: float | None = None) -> Message:
        """Wait for the next message, at most ``within`` seconds or as long as a silence may be.

        Raises:
            Broken: If there is none.

        """
        limit = self.pace.limit if within is None else max(0.01, min(within, self.pace.limit))
        try:
            self._socket.settimeout(limit)
            line = self.response.readline(_LONGEST_LINE)
            message = json.loads(line) if line else None
        except TimeoutError:
            raise silent(limit) from None
        except (OSError, http.client.HTTPException, AttributeError) as failure:
            message = f"the connection broke: {failure or type(failure).__name__}"
            raise Broken(message) from None
        except ValueError:
            message = "the connection broke in the middle of a line"
            raise Broken(message) from None
        if not isinstance(message, dict):
            raise closed()
        self.last_sign = now()
        return message

    def wake(self) -> None:
        """Make :meth:`receive` end. Nothing is sent, and any thread may call this at any time."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD)

    def close(self) -> None:
        """Close the connection. Without linger the request ends with it."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        if self._response is not None:
            self._response.close()
        self._connection.close()

    def forget(self) -> None:
        """Close this process's copy of the socket; nothing is sent."""
        with contextlib.suppress(OSError):
            os.close(self._socket.detach())


class LockTransport:
    """Makes requests by ``POST /lock``."""

    can_repeat = False
    """Whether respod would know a request that is made once more for the same."""

    def __init__(self, calls: Calls) -> None:
        """Ask where ``calls`` go."""
        self._calls = calls

    def ask(self, request: Request, key: str, within: float) -> LockStream:  # noqa: ARG002
        """Make a request; the answer is in what the stream says."""
        query = [("pool", request.pool)] if request.pool else []
        return self._open(query, json.dumps(request.body).encode(), within)

    def resume(self, token: str, pool: str | None, within: float) -> LockStream:
        """Take up a request or lease whose connection broke."""
        query = [("resume", token), *([("pool", pool)] if pool else [])]
        return self._open(query, b"", within)

    def release(self, stream: LockStream | None, number: int, token: str, pool: str | None) -> None:
        """End a request or lease, and wait until respod has done so."""
        del stream
        self._calls.release("requests", number, token, pool)

    def close(self) -> None:
        """There is nothing to close: each stream has its own connection."""

    def forget(self) -> None:
        """There is nothing to forget."""

    def _open(self, query: list[tuple[str, str]], body: bytes, within: float) -> LockStream:
        address = self._calls.address
        connection = address.connection(max(0.01, within))
        headers = {**self._calls.headers(), "Accept": _LINES}
        if body:
            headers["Content-Type"] = "application/json"
        try:
            connection.connect()
            stream = LockStream(connection)
            stream.begin(target_of(address, "/lock", query), body, headers)
            kind = stream.response.headers.get_content_type()
            if stream.response.status == _OK and kind == _LINES:
                return stream
            if stream.response.status == _OK:
                stream.close()
                raise not_respod(address)
            refused = refusal(address, stream.response.status, stream.response.read())
        except (OSError, http.client.HTTPException) as failure:
            connection.close()
            raise unreachable(address, failure) from None
        stream.close()
        raise refused
