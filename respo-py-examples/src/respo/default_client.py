"""Leases in one line, from the respod that the environment names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from respo.address import Address
from respo.client import Client

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from respo.lease import Lease
    from respo.options import LeaseOptions
    from respo.request import Wanted

_clients: dict[Address, Client] = {}


def default_client() -> Client:
    """Return the client that all calls share for which ``RESPO_URL`` says the same."""
    address = Address.of(None)
    # Of two threads that are here at the same time, both get the client that was put in first.
    return _clients.get(address) or _clients.setdefault(address, Client(address.url))


def lease(*requirements: Wanted, **options: Unpack[LeaseOptions]) -> Lease:
    """Return a lease for a ``with`` block, from the respod that ``RESPO_URL`` names.

    Takes and raises what :meth:`respo.Client.lease` does.

    Example:
        >>> with respo.lease("location=office1", attributes=["can"], wait="10m") as bench:
        ...     print(bench.name, bench.dut.socket)
        bench-1 127.0.0.1:4567

    """
    return default_client().lease(*requirements, **options)


def acquire(*requirements: Wanted, **options: Unpack[LeaseOptions]) -> Lease:
    """Return a lease that is held, from the respod that ``RESPO_URL`` names.

    The caller releases it. Takes and raises what :meth:`respo.Client.acquire` does.

    Example:
        >>> bench = respo.acquire(resource="bench-1", wait=0)
        >>> bench.release()

    """
    return default_client().acquire(*requirements, **options)
