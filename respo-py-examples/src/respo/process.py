"""What happens to leases when the process ends, is told to end, or forks.

At exit, also by an exception or ``sys.exit``, everything that is still held is released.

SIGTERM, SIGHUP and SIGINT release everything, too, where their action is the default, which is to
end the process at once; it then ends by the same signal, or as process 1 of a container with the
exit code that a shell would show for that (128 and the number). A handler that is there already
stays in place and decides, as Python's own for SIGINT does, which raises KeyboardInterrupt: what
it makes of the signal unwinds the ``with`` blocks, and these release. Handlers can be set by the
main thread only; so they are set when it acquires its first lease.

A forked child neither holds nor releases anything: it closes its copies of the sockets, and
nothing is sent. When the parent is gone, so are its leases, however long the child lives.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import threading
import weakref
from typing import TYPE_CHECKING, Protocol

from respo.streams import now

if TYPE_CHECKING:
    import socket
    from types import FrameType

RELEASE_WITHIN = 5.0
"""For how many seconds the end of the process is held up at most, where respod does not answer."""

_SIGNALS = ("SIGTERM", "SIGHUP", "SIGINT")


class Holding(Protocol):
    """Something that is to be released before the process ends."""

    @property
    def owner(self) -> object:
        """To which client it belongs."""

    def stop(self) -> None:
        """Begin to release it; must not wait, nor take a lock."""

    def join(self, timeout: float | None = None) -> bool:
        """Wait until it is released, and return whether it is."""

    def forget(self) -> None:
        """Give it up in a forked child; must not send anything."""


class Shared(Protocol):
    """A connection that several leases share."""

    def forget(self) -> None:
        """Give it up in a forked child; must not send anything."""


# Plain dicts: they can be copied in the middle of anything, as a signal handler has to.
_holdings: dict[int, Holding] = {}
_shared: weakref.WeakSet[Shared] = weakref.WeakSet()
_sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()


def hold(holding: Holding) -> None:
    """Remember what is to be released."""
    _holdings[id(holding)] = holding
    if threading.current_thread() is threading.main_thread():
        _watch_signals()


def let_go(holding: Holding) -> None:
    """Forget what has been released, or lost."""
    _holdings.pop(id(holding), None)


def share(shared: Shared) -> None:
    """Remember what may have a connection, for as long as somebody refers to it."""
    _shared.add(shared)


def own(sock: socket.socket) -> None:
    """Remember a socket, whose copy a forked child closes whatever has become of it here."""
    _sockets.add(sock)


def release_everything(within: float = RELEASE_WITHIN, owner: object = None) -> None:
    """Release what is still held, by ``owner`` or anybody, in ``within`` seconds at most."""
    deadline = now() + within
    holdings = [one for one in tuple(_holdings.values()) if owner in (None, one.owner)]
    for holding in holdings:
        holding.stop()
    for holding in holdings:
        holding.join(max(0.0, deadline - now()))


def _watch_signals() -> None:
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end_by_signal)


def _end_by_signal(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 given by the caller
    release_everything()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    # Only the first process of a PID namespace, as in a container, gets here: the system ends it by
    # no signal from within. What it held is free, so it must not go on.
    os._exit(128 + number)


def _after_fork_in_child() -> None:
    for one in (*_holdings.values(), *_shared):
        one.forget()
    # Also of those that another thread has just made, of which nothing above knows yet.
    for sock in tuple(_sockets):
        with contextlib.suppress(OSError):
            os.close(sock.detach())
    _holdings.clear()


atexit.register(release_everything)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
