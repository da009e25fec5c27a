"""Several things of which some are needed."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import Any, Callable

from respo.resource_locker.exceptions import RequirementNotMet
from respo.resource_locker.potential import Potential


class Requirement:
    """``need`` of these things. What of them is obtained can be had by index and by iteration.

    Args:
        *potentials: The things; each that is no :class:`Potential` becomes one.
        need: How many; 1 if it is left out, or 0.
        **params: ``key_gen``, ``tag_gen`` and ``tags`` are passed on to these; anything else is
            kept in ``options``.

    Example:
        >>> from respo.resource_locker import Lock
        >>> boards = Requirement("board-1", "board-2", "board-3", need=2)
        >>> with Lock(boards):
        ...     print(boards[0], boards[1], len(boards), list(boards))
        board-1 board-2 2 ['board-1', 'board-2']

    """

    def __init__(self, *potentials: Any, need: int | None = None, **params: Any) -> None:
        self.options: dict[str, Any] = {"need": need or 1, **params}
        self.need: int = self.options["need"]
        self._potentials: list[Potential] = []
        self._state: bool | None = None
        self._check: Callable[[], None] | None = None
        for one in potentials:
            self.add_potential(one)

    def __getitem__(self, index: int) -> Any:
        """Return one of the things that are obtained.

        Raises:
            IndexError: If there are fewer.
            respo.LeaseLost: If they were obtained, and are lost.

        """
        self._check_held()
        return self.fulfilled[index].item

    def __len__(self) -> int:
        """Return how many are obtained."""
        return len(self.fulfilled)

    def __iter__(self) -> Iterator[Any]:
        """Go through the things that are obtained; raises as indexing does."""
        self._check_held()
        return iter([one.item for one in self.fulfilled])

    def add_potential(self, potential: Any) -> Requirement:
        """Add one more thing that would do, and return this requirement."""
        if not isinstance(potential, Potential):
            passed = {
                key: self.options[key]
                for key in ("key_gen", "tag_gen", "tags")
                if key in self.options
            }
            potential = Potential(potential, **passed)
        self._potentials.append(potential)
        return self

    @property
    def is_fulfilled(self) -> bool:
        """Whether it was met when it was last validated."""
        return self._state is True

    @property
    def is_rejected(self) -> bool:
        """Whether it could not be met when it was last validated."""
        return self._state is False

    @property
    def potentials(self) -> list[Potential]:
        """All that would do."""
        return self._potentials

    @property
    def fulfilled(self) -> list[Potential]:
        """What is obtained, in the order of the potentials."""
        return [one for one in self._potentials if one.is_fulfilled]

    def prioritised_potentials(self, known_locked: Iterable[Any]) -> list[Potential]:
        """Return all that would do: those that are not known to be locked first, in any order.

        respod chooses by itself; this is for those who want to look.
        """
        locked = set(known_locked)
        free = [one for one in self._potentials if one.key not in locked]
        random.shuffle(free)
        return free + [one for one in self._potentials if one.key in locked]

    def count(self) -> tuple[int, int]:
        """Return how many are obtained, and how many are rejected."""
        rejected = sum(1 for one in self._potentials if one.is_rejected)
        return len(self.fulfilled), rejected

    def validate(self) -> Requirement:
        """Find out whether it is met, and return this requirement.

        Raises:
            RequirementNotMet: If it is not, and fewer things are left than are needed.

        """
        fulfilled, rejected = self.count()
        if fulfilled >= self.need:
            self._state = True
            return self
        left = len(self._potentials) - rejected
        if left < self.need:
            self._state = False
            keys = ", ".join(str(one.key) for one in self._potentials if not one.is_rejected)
            things = "1 thing" if left == 1 else f"{left} things"
            message = f"needs {self.need} of {things} that can be had: {keys or 'none'}"
            raise RequirementNotMet(message)
        return self

    def reset(self) -> Requirement:
        """Take everything for neither obtained nor rejected, and return this requirement."""
        self._state = None
        self._check = None
        for one in self._potentials:
            one.reset()
        return self

    def guard(self, check: Callable[[], None]) -> None:
        """Have ``check`` called whenever what is obtained is used; it raises if that is lost."""
        self._check = check

    def _check_held(self) -> None:
        if self._check is not None:
            self._check()

    def __repr__(self) -> str:
        """Show what is needed."""
        return f"<R {self.need} of {self._potentials!r}>"
