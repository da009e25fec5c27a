"""Waits in the queue of respod until a token lease is granted."""

from __future__ import annotations

import contextlib
import logging
import uuid
from collections.abc import Mapping
from typing import Any, Callable

from respo.absence import is_refusal
from respo.backoff import Backoff
from respo.errors import Busy, Error, LeaseLost, NoSuch
from respo.notices import Notice, Queued
from respo.provisioner.token_leases import Answer, TokenLeases
from respo.provisioner.withdrawal import Withdrawal
from respo.streams import now

logger = logging.getLogger("respo")


def granted(
    leases: TokenLeases,
    body: Mapping[str, Any],
    on_notice: Callable[[Notice], Any] | None = None,
    withdrawal: Withdrawal | None = None,
) -> tuple[Mapping[str, Any], float]:
    """Ask for a token lease, and wait for it.

    Returns:
        The lease as respod's JSON has it, and a time (:func:`respo.streams.now`) before its grant.

    While respod is away, its return is waited for: the request keeps its place. What is interrupted
    leaves the queue, also if that is before respod has answered.

    Raises:
        Busy: If it was not granted in the time that the request is ready to wait.
        NoSuch: If it never can be.
        LeaseLost: If the request was ended.
        Unavailable: If respod cannot be reached to begin with.
        Error: If it was withdrawn.

    """
    withdrawal = withdrawal or Withdrawal()
    key = uuid.uuid4().hex
    answer: Answer | None = None
    try:
        answer, asked_at = _asked(leases, body, key, withdrawal)
        if answer.granted is not None:
            return answer.granted, asked_at
        return _followed(leases, answer.waiting or {}, on_notice, withdrawal)
    except BaseException as error:
        is_unknown = answer is None and (not isinstance(error, Error) or error.code == "withdrawn")
        with contextlib.suppress(Error):
            if is_unknown:
                # respod may have the request all the same. With this key it is the same one.
                answer = leases.ask(body, key)
            subject = (answer.granted or answer.waiting) if answer is not None else None
            if subject is not None:
                leases.end(int(subject["id"]), str(subject["token"]))
        raise


def _asked(
    leases: TokenLeases, body: Mapping[str, Any], key: str, withdrawal: Withdrawal
) -> tuple[Answer, float]:
    """Make the request: once more with the same key where it is not known what came of it."""
    backoff = Backoff()
    asked_at = now()
    deadline = asked_at + leases.timeout
    while True:
        try:
            return leases.ask(body, key, withdrawal), asked_at
        except Error as error:
            withdrawal.check()
            pause = backoff.pause()
            if is_refusal(error) or now() + pause > deadline:
                raise
            withdrawal.pause(pause)


def _followed(
    leases: TokenLeases,
    waiting: Mapping[str, Any],
    on_notice: Callable[[Notice], Any] | None,
    withdrawal: Withdrawal,
) -> tuple[Mapping[str, Any], float]:
    """Wait in the queue."""
    number, token = int(waiting["id"]), str(waiting["token"])
    backoff = Backoff()
    while True:
        withdrawal.check()
        _tell(Queued.of_json(waiting), on_notice)
        asked_at = now()
        try:
            answer = leases.follow(number, token, int(waiting["position"]), withdrawal)
        except Error as error:
            withdrawal.check()
            if is_refusal(error):
                raise _end_of(error, waiting) from None
            withdrawal.pause(backoff.pause())
            continue
        if answer.granted is not None:
            return {"token": token, **answer.granted}, asked_at
        waiting = answer.waiting or waiting
        backoff = Backoff()


def _tell(notice: Notice, on_notice: Callable[[Notice], Any] | None) -> None:
    if on_notice is None:
        logger.info("%s", notice)
    else:
        on_notice(notice)


def _end_of(error: Error, waiting: Mapping[str, Any]) -> Error:
    """Return the error for a request that has ended while it waited."""
    if not isinstance(error, LeaseLost):
        return error
    told = {name: value for name, value in waiting.items() if name != "token"}
    problem = {**told, "detail": error.detail}
    if error.reason == "wait_expired":
        place = Queued.of_json(waiting)
        return Busy(f"{error.detail}: {place}", code=error.reason, problem=problem)
    return NoSuch(error.detail, problem=problem) if error.reason == "no_such" else error
