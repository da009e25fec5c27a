"""What goes over a WebSocket, without any I/O: whose each message is, and the pulse."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, Callable, Union
from urllib.parse import urlsplit

from respo.streams import Broken, Message, Pace, now

if TYPE_CHECKING:
    from respo.address import Address
    from respo.request import Request

Item = Union[Message, Broken]
Put = Callable[[Item], None]

_HEARTBEAT = 5.0
"""How often a server is taken to ping that does not say so, or says nonsense."""

LONGEST_MESSAGE = 1 << 24

LIBRARY_LOGGER = logging.getLogger("respo.websockets")
"""Says nothing: the library would log whole messages, and there are tokens in them."""
LIBRARY_LOGGER.addHandler(logging.NullHandler())
LIBRARY_LOGGER.setLevel(logging.CRITICAL + 1)
LIBRARY_LOGGER.propagate = False


def socket_url(address: Address) -> str:
    """Return the URL of the WebSocket."""
    parts = urlsplit(address.url + "/ws")
    return parts._replace(scheme="wss" if address.scheme == "https" else "ws").geturl()


def pace_of(hello: Message) -> tuple[Pace, float]:
    """Return how long that server is waited for, and how often to ping it, in seconds.

    A server takes a client for gone when it has heard nothing of it for three heartbeats. The
    limits come to 2.4 heartbeats: the rest is for a program that takes a while to stop.
    """
    said = hello.get("heartbeat_seconds")
    is_sensible = isinstance(said, (int, float)) and 0 < said <= _HEARTBEAT
    heartbeat = float(said) if is_sensible and said is not None else _HEARTBEAT
    pace = Pace(2.2 * heartbeat, last_attempt=0.15 * heartbeat, second_look=0.05 * heartbeat)
    return pace, heartbeat / 2


class Routes:
    """Which messages go to whom. Used under a lock, or by one event loop only."""

    def __init__(self) -> None:
        """Begin without any."""
        self.broken: Broken | None = None
        self._by_ref: dict[str, Put] = {}
        self._abandoned: dict[str, str | None] = {}
        self._last = 0

    @property
    def is_empty(self) -> bool:
        """Whether nobody waits for a message."""
        return not self._by_ref

    def open(self, put: Put) -> str:
        """Return a new ``ref``, whose messages go to ``put``."""
        self._last += 1
        ref = str(self._last)
        self._by_ref[ref] = put
        if self.broken is not None:
            put(self.broken)
        return ref

    def leave(self, ref: str) -> None:
        """Pass on no more of what comes for ``ref``."""
        self._by_ref.pop(ref, None)

    def abandon(self, ref: str, pool: str | None) -> None:
        """The same, for a request that is to be cancelled when respod has said its id."""
        if self._by_ref.pop(ref, None) is not None:
            self._abandoned[ref] = pool

    def deliver(self, text: str | bytes) -> str | None:
        """Take a message in, and return what is to be said in answer."""
        try:
            message = json.loads(text)
            ref = str(message.get("ref", ""))
        except (ValueError, AttributeError):
            return None  # nothing that respod says; whoever waits for an answer will notice
        put = self._by_ref.get(ref)
        if put is not None:
            put(message)
            return None
        return self.cancellation(ref, message)

    def cancellation(self, ref: str, message: Message) -> str | None:
        """Return what cancels an abandoned request, if this message for it says its id."""
        subject = message.get("request") or message.get("lease") or {}
        if ref not in self._abandoned or "id" not in subject:
            return None
        pool = self._abandoned.pop(ref)
        self._last += 1
        return message_text("cancel", str(self._last), pool=pool, id=subject["id"])

    def break_off(self, broken: Broken) -> None:
        """Tell everybody that nothing more will come."""
        self.broken = broken
        for put in self._by_ref.values():
            put(broken)


def message_text(kind: str, ref: str, **more: Any) -> str:
    """Return a message of this type."""
    said = {key: value for key, value in more.items() if value is not None}
    return json.dumps({"type": kind, "ref": ref, **said})


def request_text(ref: str, request: Request, key: str) -> str:
    """Return the message that makes a request."""
    body, pool = request.body, request.pool
    return message_text("request", ref, request=body, pool=pool, idempotency_key=key)


class Pulse:
    """The signs of a server, as its answers to pings show them.

    An answer proves more than that the server is there: it has heard of this client since the ping
    was sent. That is when its sign counts.
    """

    def __init__(self, pace: Pace, interval: float) -> None:
        """Begin with a sign."""
        self.pace = pace
        self.last_sign = now()
        self._interval = interval
        self._pinged_at = 0.0
        self._next_at = now() + interval

    def hear(self) -> None:
        """Take in that there was a message."""
        self.last_sign = max(self.last_sign, now())

    def answered(self) -> None:
        """Take in that the last ping was answered."""
        self.last_sign = max(self.last_sign, self._pinged_at)

    def pinged(self) -> None:
        """Take in that a ping is sent now."""
        self._pinged_at = now()
        self._next_at = self._pinged_at + self._interval

    @property
    def is_due(self) -> bool:
        """Whether it is time for another ping."""
        return now() >= self._next_at

    @property
    def pause(self) -> float:
        """How many seconds there is nothing to do."""
        return max(0.001, min(self._next_at, self.last_sign + self.pace.limit) - now())

    @property
    def is_silent(self) -> bool:
        """Whether the server has been silent for too long."""
        return now() - self.last_sign > self.pace.limit
