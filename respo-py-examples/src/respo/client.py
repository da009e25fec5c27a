"""The client, for threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from respo.address import Address
from respo.calls import Calls
from respo.lease import Lease
from respo.lock_stream import LockTransport
from respo.request import Wanted, request_of

if TYPE_CHECKING:
    from respo.lease_state import OnLost, OnNotice


class Client:
    """A respod, and what is leased from it."""

    def __init__(
        self,
        url: str | None = None,
        *,
        name: str | None = None,
        token: str | None = None,
        transport: str | None = None,
        timeout: float = 10.0,
    ) -> None:
        """Connect to nothing yet."""
        self._address = Address.of(url)
        self._name = name
        self._timeout = timeout
        self._calls = Calls(self._address, timeout, token)
        self._transport = LockTransport(self._calls)
        del transport

    def lease(
        self,
        *requirements: Wanted,
        on_notice: OnNotice | None = None,
        on_lost: OnLost | None = None,
        **options: Any,  # noqa: ANN401
    ) -> Lease:
        """Return a lease that is acquired where a ``with`` block begins."""
        request = request_of(requirements, options, self._name)
        return Lease(self._transport, request, self._timeout, on_notice, on_lost)

    def acquire(self, *requirements: Wanted, **options: Any) -> Lease:  # noqa: ANN401
        """Return a lease that is held; the caller releases it."""
        return self.lease(*requirements, **options).acquire()

    def close(self) -> None:
        """Release everything."""

    def __enter__(self) -> Client:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()
