"""Where a respod is: a URL, checked once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from respo.connecting import PlainConnection, SecureConnection, connected
from respo.errors import Invalid

if TYPE_CHECKING:
    import http.client
    import socket

DEFAULT_URL = "http://127.0.0.1:7373"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Address:
    """A host and a port, and the path under which respod is mounted there."""

    scheme: str
    host: str
    port: int
    prefix: str

    @classmethod
    def of(cls, url: str | None) -> Address:
        """Read ``url``, or where it is left out ``RESPO_URL``, or the default.

        Raises:
            Invalid: If it is no URL of a respod; the error says what would be right.

        """
        text = (url or os.environ.get("RESPO_URL") or DEFAULT_URL).strip()
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError as error:
            raise _refused(text, str(error)) from None
        if parts.scheme not in _PORTS:
            raise _refused(text, "write http://HOST:PORT")
        if parts.username is not None or parts.password is not None:
            # The text is left out: it has a password in it.
            raise _refused("", "a user or a password in it has no meaning")
        if parts.query or parts.fragment:
            raise _refused(text, "it may not have a query or a fragment")
        if not parts.hostname:
            raise _refused(text, "it names no host")
        prefix = parts.path.rstrip("/")
        return cls(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], prefix)

    @property
    def url(self) -> str:
        """The URL, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.prefix}"

    def connection(self, timeout: float) -> http.client.HTTPConnection:
        """Return a connection that is not made yet."""
        kind = SecureConnection if self.scheme == "https" else PlainConnection
        return kind(self.host, self.port, timeout=timeout)

    def connected(self, within: float) -> socket.socket:
        """Return a socket that is connected, after ``within`` seconds at most.

        Raises:
            OSError: If that is not possible; ConnectionRefusedError only if nobody is there.

        """
        return connected(self.host, self.port, within)

    def __str__(self) -> str:
        """Return the URL."""
        return self.url


def _refused(url: str, problem: str) -> Invalid:
    named = f"the URL {url!r}" if url else "the URL"
    message = f"{named} cannot be that of a respod: {problem}"
    return Invalid(message, problem={"parameter": "url"})
