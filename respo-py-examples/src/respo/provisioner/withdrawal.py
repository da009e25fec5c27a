"""Takes a request back that another thread is making or waiting for."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

from respo.errors import Error

if TYPE_CHECKING:
    import http.client
    from collections.abc import Iterator


class Withdrawal:
    """Whether a request is wanted no more; it also ends the call that waits for an answer.

    Example:
        >>> from respo.provisioner import Provisioner, Withdrawal
        >>> withdrawal = Withdrawal()
        >>> withdrawal.withdraw()
        >>> Provisioner().allocate({"host": {}}, withdrawal=withdrawal)
        Traceback (most recent call last):
        respo.Error: the request was withdrawn here

    """

    def __init__(self) -> None:
        self._is_withdrawn = threading.Event()
        self._connection: http.client.HTTPConnection | None = None

    def withdraw(self) -> None:
        """Take the request back. Does not wait."""
        self._is_withdrawn.set()
        connection = self._connection
        sock = connection.sock if connection is not None else None
        if sock is not None:
            # The method of the plain socket: that of TLS would pull the rug from under a reader.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def check(self) -> None:
        """Do nothing if the request is still wanted.

        Raises:
            Error: If it is not, with the code ``withdrawn``.

        """
        if self._is_withdrawn.is_set():
            message = "the request was withdrawn here"
            raise Error(message, code="withdrawn")

    def pause(self, seconds: float) -> None:
        """Wait, but not for a request that is wanted no more."""
        self._is_withdrawn.wait(seconds)

    @contextlib.contextmanager
    def ending(self, connection: http.client.HTTPConnection) -> Iterator[None]:
        """Make the connection, and end it where the request is withdrawn in the block."""
        self._connection = connection
        try:
            connection.connect()
            # Whoever has withdrawn it before there was a socket has left that to this.
            self.check()
            yield
        finally:
            self._connection = None
