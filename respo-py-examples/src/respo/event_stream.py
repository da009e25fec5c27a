"""What happens in a pool, as it happens."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import threading
from typing import TYPE_CHECKING, Any

from respo.absence import is_refusal
from respo.backoff import Backoff
from respo.calls import refusal, target_of, unreachable
from respo.errors import Error
from respo.overview import Event
from respo.process import share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from respo.calls import Calls

_SILENCE = 16.0
"""respod says something every 5 s."""

_OK = 200
_LONGEST_LINE = 1 << 20


class EventStream:
    """An iterator over events, which goes on where it was when respod has been away.

    It waits for the next event for as long as that takes; :meth:`close` ends it, from any thread.
    """

    def __init__(self, calls: Calls, pool: str | None, after: str | None) -> None:
        """Connect.

        Raises:
            Error: If that is not possible.

        """
        self._calls = calls
        self._pool = pool
        self._after = after
        self._stopped = threading.Event()
        self._blocks: Iterator[dict[str, str]] = iter(())
        self._connect()
        share(self)

    def __iter__(self) -> EventStream:
        """Return itself."""
        return self

    def __next__(self) -> Event:
        """Wait for the next event.

        Raises:
            Error: If respod refuses to go on.

        """
        backoff = Backoff()
        while not self._stopped.is_set():
            try:
                block = next(self._blocks, None)
            except (OSError, http.client.HTTPException, AttributeError):
                block = None
            if block is None:
                self._reconnect(backoff)
                continue
            self._after = block.get("id", self._after)
            event = self._event_of(block)
            if event is not None:
                return event
        raise StopIteration

    def close(self) -> None:
        """End the iteration."""
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def forget(self) -> None:
        """Give it up in a forked child; nothing is sent."""
        self._stopped = threading.Event()
        self._stopped.set()
        with contextlib.suppress(OSError):
            os.close(self._socket.detach())

    def __enter__(self) -> EventStream:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def __del__(self) -> None:
        """Close the connection of one that nobody iterates over any more."""
        connection = getattr(self, "_connection", None)
        if connection is not None:
            connection.close()

    def _reconnect(self, backoff: Backoff) -> None:
        self._connection.close()
        if self._stopped.wait(backoff.pause()):
            return
        try:
            self._connect()
        except Error as error:
            if is_refusal(error):
                raise
        if self._stopped.is_set():
            self.close()  # it was closed meanwhile, which ended the connection before this one

    def _connect(self) -> None:
        address = self._calls.address
        query = [("pool", self._pool)] if self._pool else []
        query += [("after", self._after)] if self._after else []
        self._connection = address.connection(self._calls.timeout)
        try:
            self._connection.connect()
            self._socket: socket.socket = self._connection.sock
            headers = {**self._calls.headers(), "Accept": "text/event-stream"}
            self._connection.request(
                "GET", target_of(address, "/v1/events", query), headers=headers
            )
            response = self._connection.getresponse()
            if response.status != _OK:
                raise refusal(address, response.status, response.read())
            self._socket.settimeout(_SILENCE)
        except (OSError, http.client.HTTPException) as failure:
            self._connection.close()
            raise unreachable(address, failure) from None
        self._blocks = _blocks_of(response)

    @staticmethod
    def _event_of(block: dict[str, str]) -> Event | None:
        if "data" not in block:
            return None
        data: dict[str, Any] = json.loads(block["data"])
        return Event.of({"what": block.get("event", "message"), "id": block.get("id", ""), **data})


def _blocks_of(response: http.client.HTTPResponse) -> Iterator[dict[str, str]]:
    """Go through the blocks of a stream of server-sent events; each is its fields by name."""
    block: dict[str, str] = {}
    while True:
        line = response.readline(_LONGEST_LINE)
        if not line:
            return
        text = line.decode().rstrip("\r\n")
        if not text:
            if block:
                yield block
            block = {}
            continue
        field, _, value = text.partition(":")
        if field:
            value = value.removeprefix(" ")
            block[field] = f"{block[field]}\n{value}" if field in block else value
