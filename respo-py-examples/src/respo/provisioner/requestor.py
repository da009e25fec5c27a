"""Who asks for hardware: told to respod as tags of the request."""

from __future__ import annotations

import getpass
import os
import shlex
import socket
import sys
from datetime import datetime, timezone

from respo.address import Address

_LONGEST = 1024
"""How many characters a tag may have."""


def requestor(address: Address) -> dict[str, str]:
    """Return the details of this process: where it runs, whose it is, and what it runs.

    The environment may say ``host_hostname`` and ``host_ip`` where a container knows neither.
    """
    details = {
        "hostname": os.environ.get("host_hostname") or socket.gethostname(),  # noqa: SIM112 the seed's name
        "username": _user(),
        "ip": os.environ.get("host_ip") or _own_address(address),  # noqa: SIM112
        "process_id": str(os.getpid()),
        "creation_time": datetime.now(timezone.utc).isoformat(),
        "running_cmd": shlex.join(sys.argv),
    }
    return {key: value[:_LONGEST] for key, value in details.items() if value}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # in a container, the user often has a number only
        return f"uid-{os.getuid()}"


def _own_address(address: Address) -> str:
    """Return the address from which respod is reached; nothing is sent to find out."""
    try:
        family, kind, protocol, _, peer = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.connect(peer)
            return str(probe.getsockname()[0])
    except OSError:
        return ""
