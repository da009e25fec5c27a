"""Single calls to respod over HTTP."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from respo.errors import Error, Unavailable, error_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from respo.address import Address

USER_AGENT = "respo-python"
_OK = range(200, 300)

Query = "Sequence[tuple[str, str]]"


class Calls:
    """Makes calls, each on a connection of its own. Any thread may make one at any time.

    Args:
        address: Where to.
        timeout: Seconds to connect, and for each part of an answer.
        token: The administrator's.

    """

    def __init__(self, address: Address, timeout: float, token: str | None = None) -> None:
        self.address = address
        self.timeout = timeout
        self._token = token

    def headers(self, token: str | None = None) -> dict[str, str]:
        """Return what every call says, with a token of its own or the administrator's."""
        bearer = token or self._token
        authorization = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return {"User-Agent": USER_AGENT, "Accept": "application/json", **authorization}

    def json(self, path: str, query: Sequence[tuple[str, str]] = ()) -> Any:
        """Return what a GET is answered with."""
        return read_json(self.call("GET", path, query), self.address)

    def text(self, path: str, query: Sequence[tuple[str, str]] = ()) -> str:
        """Return what a GET is answered with, as text."""
        return self.call("GET", path, query).decode()

    def release(self, kind: str, number: int, token: str, pool: str | None) -> None:
        """End a lease, or what waits (``kind``: ``leases`` or ``requests``)."""
        query = [("pool", pool)] if pool else []
        self.call("DELETE", f"/v1/{kind}/{number}", query, token=token)

    def call(
        self,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]] = (),
        *,
        token: str | None = None,
    ) -> bytes:
        """Make a call and return the body of its answer.

        Raises:
            Unavailable: If respod cannot be reached.
            Error: What respod answers where it refuses.

        """
        connection = self.address.connection(self.timeout)
        try:
            target = target_of(self.address, path, query)
            connection.request(method, target, headers=self.headers(token))
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as failure:
            raise unreachable(self.address, failure) from None
        finally:
            connection.close()
        if response.status not in _OK:
            raise refusal(self.address, response.status, body)
        return body


def target_of(address: Address, path: str, query: Sequence[tuple[str, str]] = ()) -> str:
    """Return what stands in the first line of a call."""
    return address.prefix + quote(path) + ("?" + urlencode(query) if query else "")


def unreachable(address: Address, failure: BaseException) -> Unavailable:
    """Return the error for a connection that could not be made, or that broke."""
    if isinstance(failure, ConnectionRefusedError):
        message = f"nothing listens at {address}: is respod running there? (RESPO_URL says where)"
        return Unavailable(message, code="refused")
    what = str(failure) or type(failure).__name__
    return Unavailable(f"respod at {address} cannot be reached: {what}")


def not_respod(address: Address) -> Unavailable:
    """Return the error for an answer that is none of respod's."""
    message = f"{address} answered with something else than respod would: is it running there?"
    return Unavailable(message)


def no_web_socket(address: Address) -> Unavailable:
    """Return the error for a server that speaks HTTP only."""
    message = (
        f"{address} has no WebSocket: is respod running there, or a proxy that lets none through? "
        "transport='http' does without"
    )
    return Unavailable(message, code="no_web_socket")


def refusal(address: Address, status: int, body: bytes) -> Error:
    """Return the error for an answer that is none of success."""
    try:
        problem = json.loads(body)
    except ValueError:
        problem = None
    if isinstance(problem, dict) and "code" in problem:
        return error_of({"status": status, **problem})
    said = body[:200].decode(errors="replace").strip()
    message = f"{address} answered {status} and does not look like respod: {said}"
    return error_of({"status": status, "code": f"http_{status}", "detail": message})


def read_json(body: bytes, address: Address) -> Any:
    """Return what a body says."""
    try:
        return json.loads(body)
    except ValueError:
        raise not_respod(address) from None
