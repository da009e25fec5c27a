"""For how long a lease whose connection broke is trusted."""

from __future__ import annotations

import pytest

import respo.absence
from respo.absence import Absence, is_refusal, setback_of
from respo.backoff import Backoff
from respo.errors import Unavailable, error_of
from respo.lock_stream import PACE
from respo.socket_messages import pace_of

REFUSED = Unavailable("nothing listens there", code="refused")
UNREACHABLE = Unavailable("no route")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which the test sets."""
    time = [1000.0]
    monkeypatch.setattr(respo.absence, "now", lambda: time[0])
    return time


def test_a_client_stops_before_respod_can_have_given_the_resource_away() -> None:
    # Within 17 s of the last sign, says the protocol; respod notices after about 20 s.
    assert PACE.limit + PACE.last_attempt <= 17
    # On a WebSocket it notices after three heartbeats, and what is answered was sent before.
    for heartbeat in (0.001, 0.2, 1.0, 5.0):
        pace, interval = pace_of({"heartbeat_seconds": heartbeat})
        assert pace.limit + pace.second_look + pace.last_attempt < 2.5 * heartbeat
        assert pace.limit > 2 * heartbeat
        assert interval < heartbeat


@pytest.mark.parametrize("said", [None, 0, -1, "often", 60, float("nan")])
def test_nonsense_about_heartbeats_counts_as_five_seconds(said: object) -> None:
    assert pace_of({"heartbeat_seconds": said})[0].limit == 11.0


def test_a_server_that_does_not_answer_is_waited_for_as_long_as_its_patience(
    clock: list[float],
) -> None:
    absence = Absence(PACE, last_sign=998.0, patience=16.0, bound=None)
    assert absence.seconds_left == 14.0
    assert absence.failed(UNREACHABLE, pause=2.0) == 2.0
    clock[0] = 1013.9
    assert not absence.is_over
    # The last attempts come closer together.
    assert absence.failed(None, pause=2.0) == pytest.approx(0.05)
    clock[0] = 1014.0
    assert absence.is_over


def test_there_is_always_time_for_one_attempt(clock: list[float]) -> None:
    absence = Absence(PACE, last_sign=900.0, patience=16.0, bound=None)
    assert not absence.is_over
    assert absence.seconds_left == PACE.last_attempt
    clock[0] += PACE.last_attempt
    assert absence.is_over


def test_a_server_that_is_not_there_is_waited_for_without_end(clock: list[float]) -> None:
    absence = Absence(PACE, last_sign=998.0, patience=16.0, bound=None)
    for _ in range(100):
        clock[0] += 60
        assert absence.failed(REFUSED, pause=2.0) == 2.0
        assert not absence.is_over
        assert absence.seconds_left is None
        clock[0] += 60
        absence.rested()
    # From then on it is reckoned from when it was known not to be there.
    assert absence.failed(UNREACHABLE, pause=2.0) == PACE.last_attempt / 2
    clock[0] += PACE.last_attempt
    assert absence.is_over


def test_what_has_an_end_is_over_then_in_any_case(clock: list[float]) -> None:
    absence = Absence(PACE, last_sign=1000.0, patience=16.0, bound=1010.0)
    absence.failed(REFUSED, pause=2.0)
    assert absence.seconds_left == 10.0
    clock[0] = 1010.0
    assert absence.is_over
    assert absence.is_past_bound


@pytest.mark.parametrize(
    ("status", "code", "setback"),
    [
        (503, "draining", "not_there"),
        (502, "http_502", "not_there"),
        (503, "http_503", "not_there"),
        (503, "overloaded", "unknown"),
        (503, "store_unavailable", "unknown"),
        (504, "http_504", "unknown"),
        (500, "internal", "unknown"),
        (429, "too_many_requests", "unknown"),
        (408, "timeout", "unknown"),
        (403, "wrong_token", "refused"),
        (404, "no_request", "refused"),
        (410, "gone", "refused"),
        (400, "malformed", "refused"),
    ],
)
def test_what_an_answer_tells_of_a_server(status: int, code: str, setback: str) -> None:
    error = error_of({"status": status, "code": code})
    assert setback_of(error) == setback
    assert is_refusal(error) == (setback == "refused")


def test_what_no_answer_tells_of_a_server() -> None:
    assert setback_of(REFUSED) == "not_there"
    assert setback_of(UNREACHABLE) == "unknown"


def test_pauses_double_up_to_a_bound_and_chance_moves_each_within_its_upper_half() -> None:
    backoff = Backoff()
    for longest in (0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0):
        assert longest / 2 <= backoff.pause() <= longest
    assert len({Backoff().pause() for _ in range(100)}) > 90
