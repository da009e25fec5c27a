"""What becomes of one request, from asking until its end; without any I/O.

:meth:`LeaseProtocol.run` yields what is to be done next. Whoever drives it, with threads or with
asyncio, does that and sends the outcome in.
"""

from __future__ import annotations

import uuid
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, Union

from respo.absence import Absence, is_refusal
from respo.backoff import Backoff
from respo.errors import Busy, Error, LeaseLost, NoSuch, Restarting, Unavailable, error_of
from respo.instants import instant
from respo.notices import Away, Draining, Ended, Granted, Notice, Queued, Resumed
from respo.request import Request, seconds_of
from respo.streams import Broken, Message, Stream, now


@dataclass(frozen=True)
class Ask:
    """Make the request. The outcome is a stream, or an :class:`Error` is thrown in."""

    key: str = field(repr=False)
    within: float


@dataclass(frozen=True)
class Resume:
    """Take the request or lease up again, with the same outcomes."""

    token: str = field(repr=False)
    within: float


@dataclass(frozen=True)
class Receive:
    """Wait for the next message. The outcome is that, or :class:`Broken` is thrown in."""

    stream: Any
    within: float | None = None


@dataclass(frozen=True)
class Pause:
    """Wait."""

    seconds: float


@dataclass(frozen=True)
class Close:
    """Close a connection that is of no use any more."""

    stream: Any


Step = Union[Ask, Resume, Receive, Pause, Close]
Steps = Generator[Step, Any, Any]


class Follower(Protocol):
    """Who is told what becomes of a request."""

    def tell(self, notice: Notice) -> None:
        """Something that is not the end has happened."""

    def grant(self, lease: Mapping[str, Any]) -> None:
        """The lease is held; also told when it was taken up again."""

    def end(self, error: Error) -> None:
        """It is over, and not by a release from here."""


class LeaseProtocol:
    """One request, over as many connections as it takes."""

    def __init__(
        self, request: Request, follower: Follower, *, timeout: float, can_repeat: bool
    ) -> None:
        """``can_repeat``: whether respod knows a request that is made once more for the same."""
        self.id: int | None = None
        self.token: str | None = None
        self._request = request
        self._follower = follower
        self._timeout = timeout
        self._can_repeat = can_repeat
        self._fence: int | None = None
        self._lease_ends: float | None = None
        self._expires: datetime | None = None
        self._grace: float | None = None
        self._queued: Mapping[str, Any] = {}
        wait = request.body.get("wait")
        waits_for_a_time = wait not in (None, "0", "forever")
        self._wait_ends = now() + seconds_of(wait) if waits_for_a_time else None

    @property
    def is_granted(self) -> bool:
        """Whether the lease was held at some time."""
        return self._fence is not None

    def run(self) -> Steps:
        """Go through all of it; ends when there is nothing more to be told."""
        try:
            stream, message = yield from self._begin()
            while True:
                try:
                    self._take_in(message)
                    message = yield Receive(stream)
                except Broken as broken:
                    stream, message = yield from self._come_back(stream, broken)
        except Error as error:
            self._follower.end(error)

    def fail(self, defect: Exception) -> None:
        """Take in that a defect keeps this from going on."""
        message = f"a defect of respo ended it: {type(defect).__name__}: {defect}"
        self._follower.end(LeaseLost(message, reason="defect"))

    def withdrawn(self) -> None:
        """Take in that it was released from here, perhaps while somebody waits for it."""
        if not self.is_granted:
            what = "the request" if self.id is None else f"request {self.id}"
            self._follower.end(Error(f"{what} was withdrawn here", code="withdrawn"))

    def learn(self, message: Message) -> None:
        """Take in whose request it is, where that is all that is of interest still."""
        subject = message.get("request") or message.get("lease") or {}
        self.id = subject.get("id", self.id)
        self.token = subject.get("token", self.token)

    def _begin(self) -> Steps:
        """Ask until there is an answer."""
        deadline, backoff = now() + self._timeout, Backoff()
        key, is_repeated = _new_key(), False
        while True:
            stream = None
            try:
                stream = yield Ask(key, max(0.0, deadline - now()))
                message = yield from self._first_message(stream, max(0.0, deadline - now()))
                return stream, message
            except Broken as broken:
                failure: Error = Unavailable(f"{broken} before it had answered")
                can_go_on = self._can_repeat
                is_repeated = True
            except Error as error:
                failure = error
                can_go_on = is_repeated and (error.code == "key_spent" or not is_refusal(error))
                if error.code == "key_spent":
                    # What came of it ended with its connection, and nobody has had the use of it.
                    key, is_repeated = _new_key(), False
            if stream is not None:
                yield Close(stream)
            pause = backoff.pause()
            if not can_go_on or now() + pause >= deadline:
                raise failure.with_traceback(None) from None
            yield Pause(pause)

    def _first_message(self, stream: Stream, within: float) -> Steps:
        """Return the first message that says something of the request."""
        deadline = now() + within
        while True:
            message: Message = yield Receive(stream, max(0.01, deadline - now()))
            if message.get("event") == "error":
                raise error_of(message["problem"])
            if message.get("event") in ("queued", "granted", "ended"):
                return message

    def _take_in(self, message: Message) -> None:
        """Take a message in.

        Raises:
            Broken: If nothing more will come over this connection.
            Error: If it is over.

        """
        event = message.get("event")
        if event == "queued":
            self.token = message["request"].get("token", self.token)
            # This becomes part of errors, which end up in logs.
            self._queued = {
                key: value for key, value in message["request"].items() if key != "token"
            }
            self._agree(int(self._queued["id"]), None)
            self._follower.tell(Queued.of_json(self._queued))
        elif event == "granted":
            self._take_in_grant(message["lease"])
        elif event == "draining":
            self._follower.tell(Draining(float(message["deadline_seconds"])))
        elif event == "restarting":
            self._grace = float(message.get("grace_seconds", 0))
            self._follower.tell(Draining(None))
            restarts = "respod restarts"
            raise Broken(restarts)
        elif event == "ended":
            self._follower.tell(Ended(str(message["reason"]), str(message["detail"])))
            raise self._end_of(str(message["reason"]), str(message["detail"]))
        elif event == "error":
            raise error_of(message["problem"])

    def _take_in_grant(self, lease: Mapping[str, Any]) -> None:
        is_first = not self.is_granted
        self._agree(int(lease["id"]), int(lease["fence"]))
        self.token = lease.get("token", self.token)
        if lease.get("expires"):
            self._take_in_end(instant(lease["since"]), instant(lease["expires"]))
        if is_first:
            names = tuple(str(one["name"]) for group in lease["resources"] for one in group)
            self._follower.tell(Granted(int(lease["id"]), int(lease["fence"]), names))
        self._follower.grant(lease)

    def _take_in_end(self, since: datetime, expires: datetime) -> None:
        """Reckon when the lease ends, by differences of respod's clock, which may be another's."""
        if self._lease_ends is None or self._expires is None:
            self._lease_ends = now() + (expires - since).total_seconds()
        else:  # somebody has moved its end
            self._lease_ends += (expires - self._expires).total_seconds()
        self._expires = expires

    def _agree(self, number: int, fence: int | None) -> None:
        """Check that this is the same request or lease: else somebody may have had the resource."""
        other = self.id not in (None, number)
        other = other or (self._fence is not None and fence != self._fence)
        if other:
            message = f"respod speaks of another lease than {self.id}: this one has ended"
            raise LeaseLost(message, reason="gone")
        self.id = number
        self._fence = fence

    def _come_back(self, stream: Stream, broken: Broken) -> Steps:
        """Take it up again over another connection, for as long as that can be of use."""
        if self.token is None:
            raise Unavailable(str(broken)) from None
        absence, backoff = self._absence(stream), Backoff()
        left_at, cause = now(), str(broken)
        failure: Error | None
        self._follower.tell(Away(cause, absence.seconds_left))
        while True:
            again, failure = None, None
            try:
                again = yield Resume(
                    self.token, max(0.01, min(self._timeout, absence.ends - now()))
                )
                message = yield from self._first_message(again, absence.ends - now())
            except Broken:
                pass
            except Error as error:
                if is_refusal(error):
                    raise self._refused(error) from None
                failure = error
            else:
                # Only now: after a silence, respod may have the old connection still, and its end
                # would be the end of what is taken up on the new one.
                yield Close(stream)
                self._grace = None
                if message.get("event") != "ended":
                    self._follower.tell(Resumed(now() - left_at))
                return again, message
            if again is not None:
                yield Close(again)
            pause = absence.failed(failure, backoff.pause())
            if absence.is_over:
                raise self._too_late(absence, cause)
            yield Pause(pause)
            absence.rested()

    def _absence(self, stream: Stream) -> Absence:
        limit = stream.pace.limit
        if self._grace is not None:
            # A server that is restarted with a short grace may be done with it before that.
            limit = min(limit, self._grace)
        patience = max(limit, seconds_of(self._request.body.get("linger")))
        bound = self._lease_ends if self.is_granted else self._wait_ends
        return Absence(stream.pace, stream.last_sign, patience, bound)

    def _end_of(self, reason: str, detail: str) -> Error:
        """Return the error for an end that respod has told."""
        if self.is_granted:
            return LeaseLost(f"lease {self.id} was lost: {detail}", reason=reason)
        problem = {**self._queued, "detail": detail}
        if reason == "wait_expired":
            return Busy(f"{detail}: {self._last_place}", code=reason, problem=problem)
        if reason == "no_such":
            return NoSuch(detail, problem=problem)
        if reason == "draining":
            return Restarting(detail)
        return LeaseLost(f"request {self.id} was ended: {detail}", reason=reason)

    @property
    def _last_place(self) -> str:
        return str(Queued.of_json(self._queued)) if self._queued else "never queued"

    def _refused(self, error: Error) -> Error:
        """Return the error for a lease or a request that respod does not take up again."""
        what = "lease" if self.is_granted else "request"
        message = f"{what} {self.id} ended while the connection was broken: {error.detail}"
        return LeaseLost(message, reason="gone", problem=error.problem)

    def _too_late(self, absence: Absence, cause: str) -> Error:
        if not self.is_granted:
            if absence.is_past_bound:
                message = f"{cause}, and was not back when the time to wait was over"
                return Busy(message, code="wait_expired", problem=self._queued)
            return Unavailable(f"{cause}, and did not answer again")
        if absence.is_past_bound:
            message = f"lease {self.id} was lost: {cause}, and its time was over before it was back"
            return LeaseLost(message, reason="max_duration")
        message = f"lease {self.id} was lost: {cause}, and did not answer again in time"
        return LeaseLost(message, reason="disconnected")


def _new_key() -> str:
    return uuid.uuid4().hex
