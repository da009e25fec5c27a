"""Several requirements, locked together."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Callable

from respo.errors import Busy
from respo.resource_locker.asking import Asked, wait_of
from respo.resource_locker.exceptions import RequirementNotMet
from respo.resource_locker.factory import LockFactory
from respo.resource_locker.keys import name_of
from respo.resource_locker.potential import Potential
from respo.resource_locker.reporter import DummyReporter, Reporter, Timer
from respo.resource_locker.requirement import Requirement

if TYPE_CHECKING:
    from types import TracebackType

    from respo.lease import Lease

_FROM_RESPO = ("priority", "description", "name")


class Lock:
    """All of some requirements, obtained in one step and held until they are released.

    Args:
        *requirements: Each that is no :class:`Requirement` becomes one, of one thing.
        block: Whether to wait in the queue of respod; ``False``: refused at once.
        lock_factory: Where the keys are locked: a :class:`LockFactory`; by default in the pool that
            ``RESPO_URL`` and ``RESPO_POOL`` name.
        reporter_class: Makes the reporter for the tags of a thing, such as
            :class:`reporter.Reporter`; by default nothing is counted.
        **params: Options. ``need``: how many are needed of a bare thing. ``stop_max_delay``: for
            how many milliseconds to wait at most, 300000 by default; ``None``: for ever.
            ``timeout``: seconds to wait with ``block=False``. ``auto_renewal=False``: everything is
            lost when it has been held for ``expire`` seconds (120). ``priority``, ``description``,
            ``name``: as in :meth:`respo.Client.lease`. ``logger``. The rest of what
            resource_locker takes is accepted, and has no effect.

    Raises:
        ValueError: If two things have the same key.
        RequirementNotMet: If there are fewer things than are needed.
        TypeError: If the factory or the reporter cannot be used.

    Example:
        >>> with Lock(R("a", "b", need=2), "c", reporter_class=reporter.Reporter) as obtained:
        ...     print(obtained[0][0], obtained[0][1], obtained[1][0])
        a b c

    """

    def __init__(
        self,
        *requirements: Any,
        block: bool = True,
        lock_factory: LockFactory | None = None,
        reporter_class: Callable[..., Reporter] | None = None,
        **params: Any,
    ) -> None:
        self.options: dict[str, Any] = {
            "logger": logging.getLogger(__name__),
            "auto_renewal": True,
            "expire": 120,
            "timeout": None,
            "stop_max_delay": 300_000,
            **params,
        }
        if not block:
            self.options["stop_max_attempt_number"] = 0
        self.timeout = self.options["timeout"]
        self.logger: logging.Logger = self.options["logger"]
        if not callable(reporter_class or DummyReporter):
            message = f"reporter_class={reporter_class!r} makes no reporters: give a class"
            raise TypeError(message)
        self.reporter_class: Callable[..., Reporter] = reporter_class or DummyReporter
        if lock_factory is not None and not isinstance(lock_factory, LockFactory):
            message = (
                f"lock_factory={lock_factory!r} does not lock keys in respod: give a "
                "respo.resource_locker.LockFactory, or use resource_locker's own Lock with this"
            )
            raise TypeError(message)
        self.lock_factory = lock_factory or LockFactory()
        self._lease: Lease | None = None
        self._names: set[str] = set()
        self._requirements: list[Requirement] = []
        for one in requirements:
            self.add_requirement(one)
        self.acquire_timer = Timer()
        self.release_timer = Timer()

    def add_requirement(self, requirement: Any) -> None:
        """Add what is to be locked together with the rest; raises as the constructor does."""
        if not isinstance(requirement, Requirement):
            requirement = Requirement(requirement, need=self.options.get("need"))
        requirement.validate()
        for one in requirement.potentials:
            name = name_of(one.key)
            if name in self._names:
                message = f"two things have the key {one.key!r}: give each a key of its own"
                raise ValueError(message)
            self._names.add(name)
        self._requirements.append(requirement)

    @property
    def requirements(self) -> list[Requirement]:
        """What is, or is to be, locked."""
        return self._requirements

    @property
    def lost(self) -> bool:
        """Whether something was obtained, and is lost although nobody here released it."""
        return self._lease is not None and self._lease.lost

    def check(self) -> None:
        """Do nothing unless what was obtained is lost.

        Raises:
            respo.LeaseLost: If it is.

        """
        if self._lease is not None:
            self._lease.check()

    def acquire(self) -> list[Requirement]:
        """Obtain everything, waiting for it if need be, and return the requirements.

        Does nothing where that is done already.

        Raises:
            RequirementNotMet: If not everything was free in time, or can be had.
            respo.LeaseLost: If it was obtained already, and is lost.
            respo.Error: If respod cannot be reached, or refuses the keys.

        """
        if self._lease is not None:
            self._lease.check()
            return self._requirements
        asked = Asked(one.validate() for one in self._requirements)
        if asked.is_empty:
            return self._requirements
        lease = self.lock_factory.lease(asked.body, **self._lease_options())
        try:
            with self.acquire_timer:
                lease.acquire()
            self._lease = lease
            asked.fulfil(lease.names)
            self._report_success()
        except Busy as busy:
            self._report_failure(asked.potentials)
            self._reset()
            raise RequirementNotMet(str(busy)) from busy
        except BaseException:
            self._lease = None
            lease.release()
            self._reset()
            raise
        for one in self._requirements:
            one.guard(lease.check)
            one.validate()
        self.release_timer.start()
        return self._requirements

    def release(self) -> None:
        """Give everything back. What is not held is left alone.

        Raises:
            respo.LeaseLost: If it was lost while it should have been held.

        """
        lease = self._lease
        if lease is None:
            return
        is_lost = lease.lost
        self._give_back(lease)
        if is_lost:
            lease.check()

    def __enter__(self) -> list[Requirement]:
        """Acquire it; while it is held, LeaseLost is raised in the block if it is lost."""
        obtained = self.acquire()
        if self._lease is not None:
            self._lease.__enter__()
        return obtained

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Release it; raise LeaseLost if it was lost and nothing else is raised."""
        lease = self._lease
        if lease is None:
            return
        try:
            lease.__exit__(kind, error, traceback)
        finally:
            self._give_back(lease)

    def _lease_options(self) -> dict[str, Any]:
        options = {key: self.options[key] for key in _FROM_RESPO if key in self.options}
        expire = self.options["expire"]
        if not self.options["auto_renewal"] and expire is not None:
            options["max_duration"] = float(expire)
        return {**options, "wait": wait_of(self.options)}

    def _give_back(self, lease: Lease) -> None:
        self._lease = None
        self.release_timer.stop()
        try:
            for one in self._fulfilled():
                self.reporter_class(**one.tags).lock_released(self.release_timer.duration)
        finally:
            lease.release()
            self._reset()

    def _reset(self) -> None:
        for one in self._requirements:
            one.reset()

    def _fulfilled(self) -> list[Potential]:
        return [one for requirement in self._requirements for one in requirement.fulfilled]

    def _report_success(self) -> None:
        for one in self._fulfilled():
            reporter = self.reporter_class(**one.tags)
            reporter.lock_requested()
            reporter.lock_success(self.acquire_timer.duration)

    def _report_failure(self, potentials: list[Potential]) -> None:
        for one in potentials:
            reporter = self.reporter_class(**one.tags)
            reporter.lock_requested()
            reporter.lock_failed()

    def __repr__(self) -> str:
        """Show what is needed, and how things stand."""
        state = "not held" if self._lease is None else "lost" if self._lease.lost else "held"
        return f"<Lock of {self._requirements!r}, {state}>"
