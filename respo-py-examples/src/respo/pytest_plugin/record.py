"""What is remembered of each lease, for the reports and the summary."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from respo.instants import for_how_long

if TYPE_CHECKING:
    from collections.abc import Sequence

_PROPERTIES = ("respo_resources", "respo_lease", "respo_fence", "respo_pool")

_WORTH_TELLING = 1.0
"""A wait of fewer seconds is not mentioned."""


@dataclass
class LeaseRecord:
    """A lease that tests had, or have.

    Attributes:
        resources: What was leased.
        id: The number of the lease.
        fence: Its fence.
        pool: From which pool.
        waited: For how many seconds it was waited for.
        locations: Where the resources are, as far as the inventory says it.
        held: For how many seconds it was held; ``None`` while it is.
        tests: How many tests ran on it.
        worker: Which worker of pytest-xdist had it.
        ending: How it ended, if not by a release: "lost (revoked)".

    """

    resources: list[str]
    id: int
    fence: int
    pool: str
    waited: float = 0.0
    locations: list[str] = field(default_factory=list)
    held: float | None = None
    tests: int = 0
    worker: str | None = None
    ending: str | None = None
    _began: float = field(default_factory=time.monotonic)

    @property
    def names(self) -> str:
        """The names of the resources."""
        return ", ".join(self.resources)

    def end(self, ending: str | None = None) -> None:
        """Take in that it is over."""
        if self.held is None:
            self.held = time.monotonic() - self._began
        self.ending = self.ending or ending

    def as_properties(self) -> list[tuple[str, object]]:
        """Return what goes with a test into JUnit reports and the like."""
        return list(zip(_PROPERTIES, (self.names, str(self.id), str(self.fence), self.pool)))

    @classmethod
    def of_properties(cls, properties: Sequence[tuple[str, object]]) -> list[LeaseRecord]:
        """Return the leases that the properties of a test tell of, among others."""
        records = []
        for at in range(len(properties) - len(_PROPERTIES) + 1):
            part = properties[at : at + len(_PROPERTIES)]
            if tuple(name for name, _ in part) == _PROPERTIES:
                names, number, fence, pool = (str(value) for _, value in part)
                records.append(cls(names.split(", "), int(number), int(fence), pool))
        return records

    def place(self) -> str:
        """Return a sentence for the report of a test that failed."""
        where = f" at {', '.join(self.locations)}" if self.locations else ""
        sentence = (
            f"The test ran on {self.names}{where} "
            f"(lease {self.id}, fence {self.fence}, pool {self.pool})."
        )
        return sentence + (f" The lease was {self.ending}." if self.ending else "")

    def __str__(self) -> str:
        """Return a line for the summary."""
        line = f"{self.names}: "
        line += "leased" if self.held is None else f"leased for {for_how_long(self.held)}"
        if self.waited >= _WORTH_TELLING:
            line += f" after waiting {for_how_long(self.waited)}"
        count = f"{self.tests} test" + ("" if self.tests == 1 else "s")
        line += f", {count} (lease {self.id}, fence {self.fence}, pool {self.pool})"
        if self.worker:
            line += f" by {self.worker}"
        return line + (f"; {self.ending}" if self.ending else "")

    def to_plain(self) -> dict[str, Any]:
        """Return it as maps and texts, which travel between processes."""
        return asdict(self)

    @classmethod
    def of_plain(cls, plain: dict[str, Any]) -> LeaseRecord:
        """Make it again from what :meth:`to_plain` returned."""
        return cls(**plain)
