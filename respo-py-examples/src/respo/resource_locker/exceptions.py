"""What can go wrong with a lock."""

from __future__ import annotations


class RequirementNotMet(Exception):
    """Fewer things can be had than are needed, or they were not free in time.

    Where respod said so, its answer is the cause: ``error.__cause__.candidates`` says who has what.

    Example:
        >>> from respo.resource_locker import Lock
        >>> try:
        ...     Lock("board-1", need=2)
        ... except RequirementNotMet as error:
        ...     print(error)
        needs 2 of 1 thing that can be had: board-1

    """
