"""What can go wrong, as a small hierarchy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from respo.candidates import Candidate

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Busy",
    "Error",
    "Invalid",
    "LeaseLost",
    "NoSuch",
    "Restarting",
    "Unavailable",
    "error_of",
]


class Error(Exception):
    """The base of everything that this package raises on purpose.

    Attributes:
        code: A short word for programs, such as ``busy``; respod's own where the error is its
            answer.
        detail: What is wrong, for people; the text of the error.
        problem: The answer of respod (an RFC 9457 problem document) as a mapping; empty where there
            was none.

    """

    default_code = "error"

    def __init__(
        self, detail: str, *, code: str | None = None, problem: Mapping[str, Any] | None = None
    ) -> None:
        """Make an error that says ``detail``."""
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code
        self.problem: Mapping[str, Any] = dict(problem or {})


class Busy(Error):
    """What was asked for is taken, and was not free in the time that the request was ready to wait.

    Example:
        >>> with respo.lease("bench-1", name="ci-88"):
        ...     try:
        ...         respo.acquire(resource="bench-1", wait=0)
        ...     except respo.Busy as busy:
        ...         print(busy, busy.candidates[0].lease.holder)
        what is asked for is taken: bench-1 is held by ci-88 ci-88

    """

    default_code = "busy"

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The resources that would do, and who has each; at most 16."""
        return tuple(Candidate.of(one) for one in self.problem.get("candidates", ()))


class NoSuch(Error):
    """No resource can ever satisfy the request, however long it waits."""

    default_code = "no_such"

    @property
    def parts(self) -> tuple[Mapping[str, Any], ...]:
        """The parts of the request that match nothing: each with ``part`` and ``detail``."""
        return tuple(self.problem.get("parts", ()))


class LeaseLost(Error):
    """The lease, or the request for it, has ended although nobody here released it.

    Attributes:
        reason: Why, in one word of respod's protocol, such as ``revoked`` or ``max_duration``;
            ``disconnected`` where respod could not be reached in time.

    """

    default_code = "lease_lost"

    def __init__(
        self,
        detail: str,
        *,
        reason: str = "disconnected",
        code: str | None = None,
        problem: Mapping[str, Any] | None = None,
    ) -> None:
        """Make an error that says ``detail``."""
        super().__init__(detail, code=code, problem=problem)
        self.reason = reason


class Unavailable(Error):
    """respod cannot be reached, or cannot serve now. Trying again later may help."""

    default_code = "unavailable"


class Restarting(Unavailable):
    """respod says that it is stopping. It grants nothing more until it is back."""

    default_code = "draining"


class Invalid(Error):
    """The request has a mistake: trying again does not help."""

    default_code = "malformed"

    @property
    def parameter(self) -> str | None:
        """The parameter that has no valid value, where one is known."""
        parameter = self.problem.get("parameter")
        return None if parameter is None else str(parameter)

    @property
    def path(self) -> str | None:
        """Where in the JSON of the request the mistake is, such as ``requirements[0].count``."""
        path = self.problem.get("path")
        return None if path is None else str(path)

    @property
    def problems(self) -> tuple[Mapping[str, Any], ...]:
        """Every mistake of an inventory: each with ``path``, ``problem`` and ``remedy``."""
        return tuple(self.problem.get("problems", ()))


for _kind in (Error, Busy, NoSuch, LeaseLost, Unavailable, Restarting, Invalid):
    # A traceback shows the name by which users know it.
    _kind.__module__ = "respo"

_UNAVAILABLE_CODES = frozenset({"overloaded", "queue_full", "store_unavailable", "timeout"})
_INVALID_STATUSES = frozenset({400, 404, 405, 413, 415, 422})
_LOST_CODES = frozenset({"gone", "no_request", "wrong_token"})


def error_of(problem: Mapping[str, Any]) -> Error:
    """Return the error that a problem document stands for."""
    code = str(problem.get("code", "error"))
    status = int(problem.get("status", 0))
    detail = str(problem.get("detail") or problem.get("title") or f"respod answered {status}")
    if code in _LOST_CODES:
        reason = str(problem.get("reason", code))
        return LeaseLost(detail, reason=reason, code=code, problem=problem)
    return _class_of(code, status)(detail, code=code, problem=problem)


def _class_of(code: str, status: int) -> type[Error]:
    if code == "busy":
        return Busy
    if code == "no_such":
        return NoSuch
    if code == "draining":
        return Restarting
    if code in _UNAVAILABLE_CODES or status >= 500:  # noqa: PLR2004
        return Unavailable
    return Invalid if status in _INVALID_STATUSES else Error
