"""Who has what: the parts of respod's answers that everybody may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from respo.instants import for_how_long, instant

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Occupant:
    """A lease as everybody may see it."""

    id: int
    fence: int
    holder: str | None
    description: str | None
    since: datetime
    expires: datetime | None

    @classmethod
    def of(cls, lease: Mapping[str, Any]) -> Occupant:
        """Read it from JSON."""
        return cls(
            id=int(lease["id"]),
            fence=int(lease["fence"]),
            holder=lease.get("holder"),
            description=lease.get("description"),
            since=instant(lease["since"]),
            expires=instant(lease["expires"]) if lease.get("expires") else None,
        )


@dataclass(frozen=True)
class Candidate:
    """A resource that would do, and why it is not to be had now.

    ``state`` is ``leased``, ``orphaned``, ``retired``, ``held_back``, ``collateral`` or ``free``;
    ``lease`` says who has it; ``held_back_for`` is the holder for whose request it is kept.
    ``str(candidate)`` is a phrase: "bench-3 held by ci-88 for 7 min".
    """

    resource: str
    state: str
    lease: Occupant | None
    held_back_for: str | None

    @classmethod
    def of(cls, candidate: Mapping[str, Any]) -> Candidate:
        """Read it from JSON."""
        lease = candidate.get("lease")
        return cls(
            resource=str(candidate["resource"]),
            state=str(candidate["state"]),
            lease=Occupant.of(lease) if lease else None,
            held_back_for=(candidate.get("held_back_for") or {}).get("holder"),
        )

    def __str__(self) -> str:
        """Return a phrase for people."""
        if self.state == "held_back":
            return f"{self.resource} held back for {self.held_back_for or 'somebody'}"
        if self.lease is None:
            return f"{self.resource} {self.state}"
        age = for_how_long((datetime.now(timezone.utc) - self.lease.since).total_seconds())
        whose = self.lease.holder or "somebody"
        if self.state == "collateral":
            return f"{self.resource} wired to what {whose} holds for {age}"
        return f"{self.resource} held by {whose} for {age}"
