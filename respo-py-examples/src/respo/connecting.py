"""Connections to a host that may have several addresses.

What a failure says of a server depends on all of them: only if each has refused, nobody listens.
"""

from __future__ import annotations

import errno
import http.client
import ipaddress
import socket
from typing import Any

from respo.process import own
from respo.streams import now

_SHORTEST = 0.01
"""Seconds; a timeout of 0 would mean something else."""


def connected(host: str, port: int, within: float) -> socket.socket:
    """Return a socket that is connected, to the first address that accepts.

    ``within`` is in seconds, and for all addresses together.

    Raises:
        ConnectionRefusedError: If every address has refused.
        OSError: If there is no connection for another reason, be it at one address only.

    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    ends = now() + within
    refusal: OSError | None = None
    trouble: OSError | None = None
    for tried, (family, kind, protocol, _, address) in enumerate(found):
        share = max(_SHORTEST, (ends - now()) / (len(found) - tried))
        try:
            sock = _connected_to(family, kind, protocol, address, share)
        except ConnectionRefusedError as error:
            refusal = error
        except OSError as error:
            if not _is_missing_here(family, address, error):
                trouble = error
            elif refusal is None:
                refusal = error
        else:
            sock.settimeout(within)
            return sock
    raise trouble or refusal or OSError(f"{host} has no address")


def _connected_to(
    family: int, kind: int, protocol: int, address: Any, within: float
) -> socket.socket:
    sock = socket.socket(family, kind, protocol)
    own(sock)
    try:
        sock.settimeout(within)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


def _is_missing_here(family: int, address: Any, error: OSError) -> bool:
    """Return whether this machine has no such address at all, so that nobody can listen there.

    Without IPv6, that is what ``localhost`` often has as one of its two addresses.
    """
    if error.errno == errno.EAFNOSUPPORT:
        return True
    if error.errno != errno.EADDRNOTAVAIL or not ipaddress.ip_address(address[0]).is_loopback:
        return False
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address[0], 0))
        except OSError as refused:
            return refused.errno == errno.EADDRNOTAVAIL
    return False


class PlainConnection(http.client.HTTPConnection):
    """A connection for HTTP."""

    def connect(self) -> None:
        """Connect to the host."""
        self.sock = connected(self.host, self.port, float(self.timeout or 0))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class SecureConnection(http.client.HTTPSConnection, PlainConnection):
    """A connection for HTTPS: what its first base class encrypts, the second one connects."""
