"""A respod whose pool has no inventory, and ways to see what is held there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import respo
from respo.resource_locker import LockFactory

if TYPE_CHECKING:
    from daemon import Respod

KEYS = """
pool:
  name: keys
  ephemeral: true
"""


def held(client: respo.Client) -> list[str]:
    """Return the keys that are held, sorted."""
    return sorted(name for lease in client.leases() for name in lease.resources)


def administrator(respod: Respod) -> LockFactory:
    """Return a factory that may unlock what others have locked."""
    return LockFactory(respo.Client(respod.url, token=respod.administrator))
