"""Leases that live for a while from each renewal: calls to ``/v1/leases`` and ``/v1/requests``."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from respo.calls import Calls, read_json, refusal, target_of, unreachable
from respo.provisioner.withdrawal import Withdrawal

_ANSWERS = frozenset({200, 201, 202, 204, 303})
_GRANTED = frozenset({201, 303})
FOLLOW = 20.0
"""For how many seconds a single call waits for a grant."""


@dataclass(frozen=True)
class Answer:
    """What became of a request so far.

    Attributes:
        granted: The lease in respod's JSON, if there is one.
        waiting: The request in respod's JSON, if it waits.

    """

    granted: Mapping[str, Any] | None = None
    waiting: Mapping[str, Any] | None = None


class TokenLeases:
    """The token leases of one pool."""

    def __init__(self, calls: Calls, pool: str | None) -> None:
        self.address = calls.address
        self.timeout = calls.timeout
        self._calls = calls
        self._query = [("pool", pool)] if pool else []

    def ask(
        self, body: Mapping[str, Any], key: str, withdrawal: Withdrawal | None = None
    ) -> Answer:
        """Make a request; with the same ``key`` only once, however often this is called."""
        status, answer = self._call(
            *("POST", "/v1/leases"),
            body=body,
            headers={"Idempotency-Key": key},
            withdrawal=withdrawal,
        )
        return Answer(granted=answer) if status in _GRANTED else Answer(waiting=answer)

    def follow(
        self, number: int, token: str, position: int, withdrawal: Withdrawal | None = None
    ) -> Answer:
        """Wait until a request is granted or has another position; for a while at most."""
        query = [("wait", f"{FOLLOW:g}s"), ("position", str(position))]
        path = f"/v1/requests/{number}"
        status, answer = self._call(
            *("GET", path, query),
            token=token,
            timeout=self.timeout + FOLLOW,
            withdrawal=withdrawal,
        )
        return Answer(granted=answer) if status in _GRANTED else Answer(waiting=answer)

    def renew(self, number: int, token: str, within: float) -> None:
        """Have a lease live for its whole time from now.

        ``within``: how many seconds it may take to connect, and each part of the answer.
        """
        self._call("POST", f"/v1/leases/{number}/renew", token=token, timeout=within)

    def end(self, number: int, token: str) -> None:
        """Release a lease, or leave the queue."""
        self._call("DELETE", f"/v1/requests/{number}", token=token)

    def _call(
        self,
        method: str,
        path: str,
        query: list[tuple[str, str]] | None = None,
        *,
        token: str | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        withdrawal: Withdrawal | None = None,
    ) -> tuple[int, Any]:
        """Make a call and return the status and the JSON of its answer.

        Raises:
            Unavailable: If respod cannot be reached.
            Error: What respod answers where it refuses.

        """
        connection = self.address.connection(self.timeout if timeout is None else timeout)
        said = {**self._calls.headers(token), **(headers or {})}
        content = None
        if body is not None:
            said["Content-Type"] = "application/json"
            content = json.dumps(body).encode()
        try:
            target = target_of(self.address, path, [*self._query, *(query or [])])
            with withdrawal.ending(connection) if withdrawal else contextlib.nullcontext():
                connection.request(method, target, body=content, headers=said)
                response = connection.getresponse()
                answer = response.read()
        except (OSError, http.client.HTTPException) as failure:
            raise unreachable(self.address, failure) from None
        finally:
            connection.close()
        if response.status not in _ANSWERS:
            raise refusal(self.address, response.status, answer)
        return response.status, read_json(answer, self.address) if answer else None
