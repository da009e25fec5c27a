"""Waits in the queue of respod until a token lease is granted."""

from __future__ import annotations

import contextlib
import logging
import time
import uuid
from collections.abc import Mapping
from typing import Any, Callable

from respo.absence import is_refusal
from respo.backoff import Backoff
from respo.errors import Busy, Error, LeaseLost, NoSuch
from respo.notices import Notice, Queued
from respo.provisioner.token_leases import Answer, TokenLeases
from respo.streams import now

logger = logging.getLogger("respo")


def granted(
    leases: TokenLeases,
    body: Mapping[str, Any],
    on_notice: Callable[[Notice], Any] | None = None,
) -> tuple[Mapping[str, Any], float]:
    """Ask for a token lease, and wait for it.

    Returns:
        The lease as respod's JSON has it, and a time (:func:`respo.streams.now`) before its grant.

    While respod is away, its return is waited for: the request keeps its place. What waits when
    this is interrupted leaves the queue.

    Raises:
        Busy: If it was not granted in the time that the request is ready to wait.
        NoSuch: If it never can be.
        LeaseLost: If the request was ended.
        Unavailable: If respod cannot be reached to begin with.

    """
    answer, asked_at = _asked(leases, body)
    if answer.granted is not None:
        return answer.granted, asked_at
    waiting = answer.waiting or {}
    number, token = int(waiting["id"]), str(waiting["token"])
    backoff = Backoff()
    try:
        while answer.granted is None:
            waiting = answer.waiting or waiting
            _tell(Queued.of_json(waiting), on_notice)
            asked_at = now()
            try:
                answer = leases.follow(number, token, int(waiting["position"]))
                backoff = Backoff()
            except Error as error:
                if is_refusal(error):
                    raise _end_of(error, waiting) from None
                time.sleep(backoff.pause())
    except BaseException:
        with contextlib.suppress(Error):
            leases.end(number, token)
        raise
    return {"token": token, **answer.granted}, asked_at


def _asked(leases: TokenLeases, body: Mapping[str, Any]) -> tuple[Answer, float]:
    """Make the request: once more with the same key where it is not known what came of it."""
    key, backoff = uuid.uuid4().hex, Backoff()
    asked_at = now()
    deadline = asked_at + leases.timeout
    while True:
        try:
            return leases.ask(body, key), asked_at
        except Error as error:
            pause = backoff.pause()
            if is_refusal(error) or now() + pause > deadline:
                raise
            time.sleep(pause)


def _tell(notice: Notice, on_notice: Callable[[Notice], Any] | None) -> None:
    if on_notice is None:
        logger.info("%s", notice)
    else:
        on_notice(notice)


def _end_of(error: Error, waiting: Mapping[str, Any]) -> Error:
    """Return the error for a request that has ended while it waited."""
    if not isinstance(error, LeaseLost):
        return error
    problem = {**waiting, "detail": error.detail}
    if error.reason == "wait_expired":
        place = Queued.of_json(waiting)
        return Busy(f"{error.detail}: {place}", code=error.reason, problem=problem)
    return NoSuch(error.detail, problem=problem) if error.reason == "no_such" else error
