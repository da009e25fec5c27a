"""What is told of a request and its lease. ``str()`` of each is a sentence for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union

from respo.candidates import Candidate
from respo.instants import for_how_long

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHOWN = 3


@dataclass(frozen=True)
class Queued:
    """The request waits, or its place has changed.

    Attributes:
        position: Its place among those that could take one of the same resources; 1 is next.
        of: How many of these wait in all.
        candidates: The resources that would do, and who has each; at most 16.
        candidates_total: How many resources would do.
        held_back: The names of resources that are free and kept for this request.
        limit: The limit of the pool that the holder has reached, if that is why it waits.

    """

    position: int
    of: int
    candidates: tuple[Candidate, ...]
    candidates_total: int
    held_back: tuple[str, ...] = ()
    limit: str | None = None

    @classmethod
    def of_json(cls, request: Mapping[str, Any]) -> Queued:
        """Read it from JSON."""
        return cls(
            position=int(request["position"]),
            of=int(request["of"]),
            candidates=tuple(Candidate.of(one) for one in request.get("candidates", ())),
            candidates_total=int(request.get("candidates_total", 0)),
            held_back=tuple(request.get("held_back", ())),
            limit=request.get("limit"),
        )

    def __str__(self) -> str:
        """Return a sentence: "position 2 of 5, bench-3 held by ci-88 for 7 min"."""
        parts = [f"position {self.position} of {self.of}"]
        if self.limit:
            parts.append(self.limit)
        parts += [str(candidate) for candidate in self.candidates[:_SHOWN]]
        more = self.candidates_total - min(_SHOWN, len(self.candidates))
        if more > 0:
            parts.append(f"and {more} more")
        if self.held_back:
            parts.append(f"held back for this request: {', '.join(self.held_back)}")
        return ", ".join(parts)


@dataclass(frozen=True)
class Granted:
    """The request is granted: the lease is held."""

    id: int
    fence: int
    resources: tuple[str, ...]

    def __str__(self) -> str:
        """Return a sentence."""
        return f"leased {', '.join(self.resources)} (lease {self.id}, fence {self.fence})"


@dataclass(frozen=True)
class Draining:
    """respod stops: what is still held after so many seconds ends.

    ``deadline_seconds`` is ``None`` where respod keeps the lease and is only away for a while.
    """

    deadline_seconds: float | None

    def __str__(self) -> str:
        """Return a sentence."""
        if self.deadline_seconds is None:
            return "respod restarts and keeps the lease"
        return f"respod stops and ends the lease in {for_how_long(self.deadline_seconds)}"


@dataclass(frozen=True)
class Away:
    """The connection is lost, and another one is being made.

    ``seconds_left`` says when the lease is lost unless respod answers; ``None``: not for as long as
    respod is away.
    """

    cause: str
    seconds_left: float | None

    def __str__(self) -> str:
        """Return a sentence."""
        if self.seconds_left is None:
            return f"{self.cause}; waiting for it to come back"
        return f"{self.cause}; trying to come back for {for_how_long(self.seconds_left)}"


@dataclass(frozen=True)
class Resumed:
    """The connection is back, and the request or lease is as it was."""

    away_seconds: float

    def __str__(self) -> str:
        """Return a sentence."""
        return f"respod was away for {for_how_long(self.away_seconds)}; nothing is lost"


@dataclass(frozen=True)
class Ended:
    """The request or lease has ended. ``reason`` is a word of respod's protocol."""

    reason: str
    detail: str

    def __str__(self) -> str:
        """Return a sentence."""
        return f"ended: {self.detail}"


Notice = Union[Queued, Granted, Draining, Away, Resumed, Ended]
"""Any of these."""
