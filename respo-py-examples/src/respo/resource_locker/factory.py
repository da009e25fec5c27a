"""Where keys are locked: a respod and one of its pools."""

from __future__ import annotations

import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any, Callable

from respo.absence import is_refusal
from respo.default_client import default_client
from respo.errors import Busy, Error, LeaseLost
from respo.resource_locker.keys import key_of, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from respo.client import Client
    from respo.lease import Lease


class LockFactory:
    """Locks keys in a pool of respod, for :class:`Lock` and for resource_locker's own ``Lock``.

    The pool should say ``ephemeral: true``, so that keys need not be in the inventory.

    Args:
        client: The client to use; by default the one of :func:`respo.lease`, which ``RESPO_URL``
            directs.
        pool: Where respod serves several; by default what ``RESPO_POOL`` says.
        on_lost: Called in another thread with :class:`respo.LeaseLost` when a key is lost.

    Example:
        >>> LockFactory(respo.Client(), pool="keys").new_lock("board-1").acquire(blocking=False)
        True

    """

    def __init__(
        self,
        client: Client | None = None,
        pool: str | None = None,
        *,
        on_lost: Callable[[LeaseLost], Any] | None = None,
    ) -> None:
        self._client = client if client is not None else default_client()
        self._pool = pool
        self._on_lost = on_lost
        self._held: weakref.WeakSet[Lease] = weakref.WeakSet()
        self._mutex = threading.Lock()
        _register()

    def lease(self, requirements: Sequence[Mapping[str, Any]], **options: Any) -> Lease:
        """Return a lease on keys, which is not acquired yet.

        Args:
            requirements: In each ``count`` and ``keys``, as respod's JSON has it.
            **options: What :meth:`respo.Client.lease` takes.

        """
        lease = self._client.lease(*requirements, pool=self._pool, on_lost=self._on_lost, **options)
        with self._mutex:
            self._held.add(lease)
        return lease

    def new_lock(self, key: Any, **params: Any) -> KeyLock:
        """Return a lock on one key, with the interface of :class:`threading.Lock`.

        Args:
            key: Any text.
            **params: ``expire`` (seconds) and ``auto_renewal`` (true if left out): without renewal
                the key is lost when it has been held for so long. Anything else is ignored.

        """
        keeps = params.get("auto_renewal", True) or params.get("expire") is None
        return KeyLock(self, key, max_duration=None if keeps else float(params["expire"]))

    def get_lock_list(self) -> list[str]:
        """Return the keys that are locked now, by anybody."""
        leases = self._client.leases(pool=self._pool)
        keys = (key_of(name) for lease in leases for name in lease.resources)
        return [key for key in keys if key is not None]

    def clear_all(self) -> None:
        """Unlock everything, whoever holds it; those lose it, and are told.

        This takes a client with the administrator's token. With any other, only what this factory
        has locked is unlocked.

        Raises:
            Error: If respod cannot be reached.

        """
        with self._mutex:
            held = list(self._held)
        for lease in held:
            lease.release()
        query = [("pool", self._pool)] if self._pool else []
        for other in self._client.leases(pool=self._pool):
            try:
                self._client.calls.call("DELETE", f"/v1/leases/{other.id}", query)
            except Error as error:
                if not is_refusal(error):
                    raise

    def __repr__(self) -> str:
        """Show where the keys are."""
        pool = f", pool {self._pool}" if self._pool else ""
        return f"<LockFactory of {self._client.url}{pool}>"


class KeyLock:
    """A lock on one key; made by :meth:`LockFactory.new_lock`."""

    def __init__(self, factory: LockFactory, key: Any, *, max_duration: float | None) -> None:
        self._factory = factory
        self._max_duration = max_duration
        self._lease: Lease | None = None
        self.key = key

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:  # noqa: FBT001, FBT002 as in threading
        """Lock the key and return whether that was possible; what has to wait waits in a queue.

        Args:
            blocking: Whether to wait for it.
            timeout: For how many seconds at most; ``None`` or a negative number: for ever.

        Raises:
            RuntimeError: If this object has it already.
            Error: If respod cannot be reached, or does not allow this key.

        """
        if self._lease is not None:
            message = f"{self!r} is acquired already: release it first"
            raise RuntimeError(message)
        wait: float | str = 0
        if blocking:
            wait = "forever" if timeout is None or timeout < 0 else timeout
        keys = {"keys": [name_of(self.key)]}
        lease = self._factory.lease([keys], wait=wait, max_duration=self._max_duration)
        try:
            self._lease = lease.acquire()
        except Busy:
            return False
        return True

    def release(self) -> None:
        """Unlock the key.

        Raises:
            RuntimeError: If this object does not have it.
            LeaseLost: If it was lost while it should have been held.

        """
        lease, self._lease = self._lease, None
        if lease is None:
            message = f"{self!r} is not acquired"
            raise RuntimeError(message)
        is_lost = lease.lost
        if is_lost:
            lease.check()
        lease.release()

    def locked(self) -> bool:
        """Return whether anybody has locked the key."""
        return str(self.key) in self._factory.get_lock_list()

    @property
    def lost(self) -> bool:
        """Whether it is not held any more although nobody here released it."""
        return self._lease is not None and self._lease.lost

    def __enter__(self) -> KeyLock:
        """Acquire it."""
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Release it; raise LeaseLost if it was lost and nothing else is raised."""
        try:
            self.release()
        except LeaseLost:
            if kind is None:
                raise

    def __repr__(self) -> str:
        """Show the key."""
        return f"<KeyLock {self.key!r}>"


def _register() -> None:
    """Pass as one of resource_locker's own factories where that package is in use."""
    meta = sys.modules.get("resource_locker.factories.meta")
    if meta is not None:
        meta.LockFactoryMeta.register(LockFactory)
