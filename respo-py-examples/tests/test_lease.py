"""A lease, from asking until its end."""

from __future__ import annotations

import logging
import threading
import traceback
from typing import TYPE_CHECKING

import pytest
from waiting import eventually

import respo
from respo.lease_protocol import Ask, Resume

if TYPE_CHECKING:
    from conftest import Connect
    from daemon import Respod


def test_one_line_leases_a_bench_and_says_all_that_is_known_of_it(
    respod: Respod, connect: Connect
) -> None:
    with connect(respod).lease("location=office1", attributes=["can"], entities=["arm64"]) as bench:
        assert (bench.name, bench.location) == ("bench-1", "office1")
        assert bench.resource.attributes == {"can"}
        assert bench.resource.description == "the only one"
        assert bench.dut.socket == "127.0.0.1:4567"
        assert bench.resource.entities["dut"].properties["socket"] == "127.0.0.1:4567"
        assert bench.dut.console.baud == 115200
        assert bench.resource.pairing == ("dut",)
        assert (bench.id, bench.fence, bench.pool) == (1, 1, "lab")
        assert bench.expires is None
        assert not bench.lost
        bench.check()


def test_the_module_itself_leases_from_the_respod_that_the_environment_names(
    respod: Respod, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESPO_URL", respod.url)
    monkeypatch.setenv("RESPO_NAME", "alice")
    with respo.lease(resource="bench-1") as bench:
        assert bench.name == "bench-1"
        with pytest.raises(respo.Busy, match="bench-1 is held by alice"):
            respo.acquire(resource="bench-1", wait=0)
    bench = respo.acquire(resource="bench-1", wait=0)
    bench.release()


def test_what_is_taken_is_busy_and_says_who_has_it(respod: Respod, connect: Connect) -> None:
    client = connect(respod, name="ci-88")
    with client.lease(resource="bench-1", description="nightly"):
        with pytest.raises(respo.Busy) as caught:
            client.acquire(resource="bench-1", wait=0)
        (candidate,) = caught.value.candidates
        assert candidate.resource == "bench-1"
        assert candidate.lease is not None
        assert (candidate.lease.holder, candidate.lease.description) == ("ci-88", "nightly")
        assert caught.value.code == "busy"
        assert caught.value.detail == str(caught.value)
    # It is free as soon as the block is left.
    client.acquire(resource="bench-1", wait=0).release()


def test_a_wait_that_is_over_is_busy_too(respod: Respod, connect: Connect) -> None:
    client = connect(respod)
    with client.lease(resource="bench-1", name="ci-88"):
        with pytest.raises(respo.Busy, match="bench-1 held by ci-88") as caught:
            client.acquire(resource="bench-1", wait="100ms")
        assert caught.value.code == "wait_expired"
        assert [one.resource for one in caught.value.candidates] == ["bench-1"]


def test_what_no_resource_can_satisfy_says_which_part(respod: Respod, connect: Connect) -> None:
    with pytest.raises(respo.NoSuch, match='no resource is at location "office9"') as caught:
        connect(respod).acquire(location="office9")
    (part,) = caught.value.parts
    assert (part["part"], part["value"]) == ("location", "office9")


def test_a_mistake_says_where_it_is(respod: Respod, connect: Connect) -> None:
    with pytest.raises(respo.Invalid, match="0 is not a count") as caught:
        connect(respod).acquire(count=0)
    assert caught.value.path == "requirements[0].count"
    with pytest.raises(respo.Invalid, match="priority") as caught:
        connect(respod).acquire("bench-1", priority=5000)
    with pytest.raises(respo.Invalid, match="pool"):
        connect(respod).acquire("bench-1", pool="no-such-pool")


def test_a_traceback_shows_the_call_and_not_how_its_failure_was_noticed(
    respod: Respod, connect: Connect
) -> None:
    with pytest.raises(respo.NoSuch) as caught:
        connect(respod).acquire("bench-9")
    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert frames[1:] == ["acquire", "acquire"]
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_respod_that_is_not_there_is_unavailable(respod: Respod, connect: Connect) -> None:
    respod.kill()
    with pytest.raises(respo.Unavailable, match=f"nothing listens at {respod.url}") as caught:
        connect(respod).acquire("bench-1")
    assert caught.value.code == "refused"


def test_several_resources_come_together_and_in_order(lab: Respod, connect: Connect) -> None:
    with connect(lab).lease("2 location=office2 +lte", "bench-1,bench-2") as lease:
        first, second = lease.by_requirement
        assert {one.name for one in first} == {"bench-3", "bench-4"}
        assert second[0].name in ("bench-1", "bench-2")
        assert lease.resources == (*first, *second)
        assert lease.names == tuple(one.name for one in lease.resources)
        with pytest.raises(respo.Error, match=r"3 resources; use \.resources"):
            _ = lease.resource
        with pytest.raises(respo.Error, match="3 resources"):
            _ = lease.location


def test_keywords_narrow_a_text_and_stand_beside_several(lab: Respod, connect: Connect) -> None:
    client = connect(lab)
    with client.lease("location=office1", entities=[["jtag"]], properties={}) as bench:
        assert bench.name == "bench-1"
    with client.lease("bench-4", "bench-5", resource="bench-3") as lease:
        assert lease.names == ("bench-4", "bench-5", "bench-3")
    with client.lease({"resource": "bench-2"}, respo.Requirement(properties={"slots": 4})) as lease:
        assert lease.names == ("bench-2", "bench-3")


def test_a_higher_priority_goes_first(respod: Respod, connect: Connect) -> None:
    client = connect(respod)
    order: list[str] = []

    def work(name: str, priority: int, queued: threading.Event) -> None:
        def told(notice: respo.Notice) -> None:
            if isinstance(notice, respo.Queued):
                queued.set()

        with client.lease("bench-1", name=name, priority=priority, on_notice=told):
            order.append(name)

    workers = []
    with client.lease("bench-1"):
        for name, priority in (("low", -5), ("high", 7)):
            queued = threading.Event()
            workers.append(threading.Thread(target=work, args=(name, priority, queued)))
            workers[-1].start()
            assert queued.wait(20)
    for worker in workers:
        worker.join()
    assert order == ["high", "low"]


def test_whoever_waits_is_told_of_its_place_in_words(
    respod: Respod, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    client = connect(respod)
    notices: list[respo.Notice] = []
    holder = client.acquire("bench-1", name="ci-88")

    def told(notice: respo.Notice) -> None:
        notices.append(notice)
        holder.release()

    with client.lease("bench-1", on_notice=told):
        queued, granted = notices
    assert isinstance(queued, respo.Queued)
    assert str(queued) == "position 1 of 1, bench-1 held by ci-88 for 0 s"
    assert (queued.position, queued.of, queued.candidates_total) == (1, 1, 1)
    assert isinstance(granted, respo.Granted)
    assert str(granted) == "leased bench-1 (lease 2, fence 2)"
    with caplog.at_level(logging.INFO, logger="respo"), client.lease("bench-1"):
        pass
    assert "leased bench-1 (lease 3, fence 3)" in caplog.messages


def test_an_exception_in_on_notice_ends_the_waiting(respod: Respod, connect: Connect) -> None:
    client = connect(respod)

    def told(notice: respo.Notice) -> None:
        raise KeyError(str(notice))

    with client.lease("bench-1"):
        with pytest.raises(KeyError, match="position 1 of 1"):
            client.acquire("bench-1", on_notice=told)
        eventually("it has left the queue", lambda: not client.requests())


def test_a_lease_is_released_on_an_exception_which_passes(respod: Respod, connect: Connect) -> None:
    client = connect(respod)
    with pytest.raises(ZeroDivisionError), client.lease("bench-1"):
        _ = 1 / 0
    client.acquire("bench-1", wait=0).release()


def test_a_released_lease_gives_access_to_nothing_and_can_be_acquired_anew(
    respod: Respod, connect: Connect
) -> None:
    lease = connect(respod).lease("bench-1")
    with pytest.raises(respo.Error, match="not acquired"):
        _ = lease.name
    with lease as bench:
        assert bench is lease
    lease.release()
    lease.release()
    assert not lease.lost
    assert (lease.id, lease.names) == (1, ("bench-1",))
    with pytest.raises(respo.Error, match="lease 1 is released: bench-1 may be another's by now"):
        _ = lease.dut
    with lease:
        assert lease.id == 2


def test_a_lease_that_nobody_refers_to_any_more_is_released(
    respod: Respod, connect: Connect
) -> None:
    client = connect(respod)
    client.acquire("bench-1")  # and nothing keeps it
    with client.lease("bench-1", wait="20s") as bench:
        assert bench.fence == 2


def test_closing_a_client_releases_all_and_leaves_no_thread(lab: Respod, transport: str) -> None:
    before = set(threading.enumerate())
    client = respo.Client(lab.url, transport=transport)
    leases = [client.acquire(name) for name in ("bench-1", "bench-2", "bench-3")]
    assert set(threading.enumerate()) > before
    client.close()
    assert set(threading.enumerate()) == before
    eventually("all is released", lambda: not client.leases())
    assert not any(lease.lost for lease in leases)
    with client, client.lease("bench-1"):
        pass
    assert set(threading.enumerate()) == before


def test_the_leases_of_a_client_share_one_web_socket(lab: Respod) -> None:
    with respo.Client(lab.url, transport="websocket") as client:
        leases = [client.acquire(name) for name in ("bench-1", "bench-2", "bench-3")]
        names = [thread.name for thread in threading.enumerate()]
        assert names.count("respo-socket") == 1
        assert names.count("respo-lease") == len(leases)


def test_no_secret_is_in_what_is_shown(
    respod: Respod, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    client = connect(respod, token="ADMIN-SECRET")
    back = threading.Event()

    def told(notice: respo.Notice) -> None:
        logging.getLogger().info("%r %s", notice, notice)
        if isinstance(notice, respo.Resumed):
            back.set()

    with caplog.at_level(logging.DEBUG), client.lease("bench-1", on_notice=told) as bench:
        # What is said to come back has the token in it.
        respod.restart()
        assert back.wait(30)
        shown = " ".join(map(repr, (client, bench, bench.resource, bench.dut, vars(client))))
        shown += " ".join(map(repr, vars(bench).values()))
        with pytest.raises(respo.Busy) as busy:
            client.acquire("bench-1", wait="500ms")
        assert busy.value.problem["candidates"]
        assert "token" not in busy.value.problem
        token = bench.token
        assert len(token) == 32
        with pytest.raises(AttributeError, match="there are: api_key, console, socket") as caught:
            _ = bench.dut.no_such
    for secret in (token[:8], token[-8:], "SECRET-KEY-1", "ADMIN-SECRET"):
        assert secret not in shown + caplog.text + str(caught.value)


def test_a_maximum_duration_is_known_and_ends_the_lease(respod: Respod, connect: Connect) -> None:
    lost = threading.Event()
    bench = connect(respod).acquire(
        "bench-1", max_duration=0.2, on_lost=lambda _: lost.set(), interrupt=False
    )
    assert bench.expires is not None
    assert (bench.expires - bench.since).total_seconds() == pytest.approx(0.2)
    assert lost.wait(20)
    assert bench.lost_reason == "max_duration"


def test_an_unknown_argument_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="there is no argument 'atributes'"):
        respo.Client().lease(atributes=["can"])  # type: ignore[call-arg]
    with pytest.raises(respo.Invalid, match="nothing is asked for; any one resource is count=1"):
        respo.Client().lease()


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("lab:7373", "write http://HOST:PORT"),
        ("http://me:SECRET@lab", "a user or a password in it has no meaning"),
        ("http://lab/?pool=a", "query"),
        ("http://lab:99999", "ort"),
        ("http://:7373", "host"),
    ],
)
def test_a_url_that_cannot_work_is_refused_with_what_would_be_right(url: str, hint: str) -> None:
    with pytest.raises(respo.Invalid, match=hint) as caught:
        respo.Client(url)
    assert "SECRET" not in str(caught.value)


def test_a_lease_that_is_released_while_it_waits_is_withdrawn(
    respod: Respod, connect: Connect
) -> None:
    client = connect(respod)
    told = threading.Event()
    lease = client.lease("bench-1", on_notice=lambda _: told.set())
    outcomes: list[BaseException] = []

    def wait() -> None:
        try:
            lease.acquire()
        except respo.Error as error:
            outcomes.append(error)

    with client.lease("bench-1"):
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert told.wait(30)
        lease.release()
        waiting.join(30)
        eventually("it has left the queue", lambda: not client.requests())
    (outcome,) = outcomes
    assert str(outcome) == "request 2 was withdrawn here"
    assert not lease.lost


def test_no_step_shows_what_is_secret() -> None:
    assert "SECRET" not in repr((Ask("SECRET-KEY", 1.0), Resume("SECRET-TOKEN", 1.0)))
