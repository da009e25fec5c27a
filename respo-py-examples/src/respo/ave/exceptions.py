"""What can go wrong, under the names that AVE has for it.

Each is a :class:`respo.Error`, too, with its ``code``, ``detail`` and ``problem``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import respo

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "AuthError",
    "AveException",
    "BrokerException",
    "Busy",
    "NoSuch",
    "Restarting",
    "SessionClosed",
    "exception_of",
]


class AveException(respo.Error):
    """The base of everything that the stand-in raises, and what it raises of a malformed profile.

    Attributes:
        message: What is wrong; the text of the exception.
        details: The same as AVE has it: a mapping with ``message`` and ``type``.

    """

    def __init__(
        self,
        details: str | Mapping[str, Any],
        *,
        code: str | None = None,
        problem: Mapping[str, Any] | None = None,
    ) -> None:
        """Make one that says ``details``, or the ``message`` in them."""
        given = {"message": details} if isinstance(details, str) else dict(details)
        super().__init__(str(given["message"]), code=code, problem=problem)
        self.details: dict[str, Any] = {"type": type(self).__name__, **given}

    @property
    def message(self) -> str:
        """What is wrong."""
        return str(self.details["message"])


class BrokerException(AveException):
    """The base of what an allocation can end with."""


class Busy(BrokerException, respo.Busy):
    """Somebody has what is asked for, or a stack-mate of it. The session is closed."""


class NoSuch(BrokerException, respo.NoSuch):
    """Nothing that respod knows can satisfy the request, taken or not. The session is closed.

    Also what :meth:`respo.ave.Broker.yield_resources` raises of what the client does not have.
    """


class SessionClosed(AveException):
    """An earlier allocation failed, or the broker was closed: start over with a new broker."""

    default_code = "session_closed"


class AuthError(AveException):
    """The call is for administrators, and ``authkey`` is not the administrator's token."""

    default_code = "unauthorized"


class Restarting(AveException, respo.Restarting):
    """respod is stopping, or is not there. What was allocated stays; try again later."""


def exception_of(error: respo.Error) -> AveException:
    """Return AVE's exception for an error of :mod:`respo`."""
    if isinstance(error, AveException):
        return error
    kind: type[AveException] = AveException
    message = error.detail
    if isinstance(error, respo.Busy):
        kind = Busy
    elif isinstance(error, respo.NoSuch):
        kind = NoSuch
    elif isinstance(error, respo.Unavailable):
        kind = Restarting
    elif error.code == "unauthorized":
        kind = AuthError
        message = (
            "not authorized to make this call; give the administrator's token of respod as authkey"
        )
    return kind(message, code=error.code, problem=error.problem)
