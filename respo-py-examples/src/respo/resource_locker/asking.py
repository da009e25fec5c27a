"""What a lock asks respod for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from respo.resource_locker.keys import name_of
from respo.resource_locker.potential import Potential
from respo.resource_locker.requirement import Requirement

_MOST_KEYS = 256


def wait_of(options: Mapping[str, Any]) -> float | str:
    """Return for how many seconds a lock waits in the queue; ``"forever"`` if it does.

    >>> wait_of({"stop_max_delay": 1500}), wait_of({"stop_max_delay": None})
    (1.5, 'forever')
    >>> wait_of({"stop_max_delay": 1500, "stop_max_attempt_number": 0, "timeout": 0.25})
    0.25
    """
    timeout = float(options.get("timeout") or 0)
    attempts = options.get("stop_max_attempt_number")
    if attempts is not None and attempts <= 1:
        return timeout
    delay = options.get("stop_max_delay")
    return "forever" if delay is None else max(delay / 1000, timeout)


class Asked:
    """The request that some requirements make: what is obtained already is not asked for again."""

    def __init__(self, requirements: Iterable[Requirement]) -> None:
        self._by_name: dict[str, Potential] = {}
        self.body: list[dict[str, Any]] = []
        # What is needed whole can be asked for together: there may be more of it than respod has
        # requirements in one request.
        whole: list[str] = []
        for requirement in requirements:
            missing = requirement.need - len(requirement.fulfilled)
            if missing <= 0:
                continue
            names = self._names(requirement)
            if len(names) == missing:
                whole += names
            else:
                self.body.append({"count": missing, "keys": names})
        for start in range(0, len(whole), _MOST_KEYS):
            part = whole[start : start + _MOST_KEYS]
            self.body.append({"count": len(part), "keys": part})

    @property
    def is_empty(self) -> bool:
        """Whether nothing is needed."""
        return not self.body

    @property
    def potentials(self) -> list[Potential]:
        """Everything that would do."""
        return list(self._by_name.values())

    def fulfil(self, names: Iterable[str]) -> None:
        """Take in what respod has granted."""
        for name in names:
            self._by_name[name].fulfill()

    def _names(self, requirement: Requirement) -> list[str]:
        left = [
            one for one in requirement.potentials if not one.is_fulfilled and not one.is_rejected
        ]
        named = {name_of(one.key): one for one in left}
        self._by_name.update(named)
        return list(named)
