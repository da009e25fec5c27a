"""Locks on things that clients find by themselves, as the package resource_locker has them.

Change ``from resource_locker import`` to ``from respo.resource_locker import``; or keep that
package, and have its own ``Lock`` use respo: ``Lock(..., lock_factory=LockFactory())``.

Example:
    >>> from respo.resource_locker import Lock, P, R
    >>> with Lock(R("board-1", "board-2", "board-3", need=2), P("other thing")) as obtained:
    ...     print(obtained[0][0], obtained[0][1], obtained[1][0])
    board-1 board-2 other thing

"""

from __future__ import annotations

from respo.resource_locker import reporter
from respo.resource_locker.exceptions import RequirementNotMet
from respo.resource_locker.factory import KeyLock, LockFactory
from respo.resource_locker.lock import Lock
from respo.resource_locker.potential import Potential
from respo.resource_locker.requirement import Requirement

P = Potential
R = Requirement

__all__ = [
    "KeyLock",
    "Lock",
    "LockFactory",
    "P",
    "Potential",
    "R",
    "Requirement",
    "RequirementNotMet",
    "reporter",
]
