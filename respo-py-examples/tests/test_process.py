"""What becomes of leases when the process ends, in whatever way, or forks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import IO, TYPE_CHECKING, Callable

import pytest

import respo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon import Respod

BEGINNING = """
import os, signal, sys, threading, time
import respo
client = respo.Client({url!r}, transport={transport!r})
"""


class Program:
    """A Python program that uses respo, and says how far it is."""

    def __init__(
        self, respod: Respod, transport: str, body: str, starter: tuple[str, ...] = ()
    ) -> None:
        """Start it. ``starter``: a command that starts the one that follows."""
        source = BEGINNING.format(url=respod.url, transport=transport) + body
        self.process = subprocess.Popen(
            [*starter, sys.executable, "-u", "-c", source],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        """Return the next line that it prints."""
        return opened(self.process.stdout).readline().strip()

    def expect(self, line: str) -> None:
        """Wait until it prints this line."""
        found = self.line()
        if found != line:
            self.process.kill()
            pytest.fail(f"{found!r} instead of {line!r}: {opened(self.process.stderr).read()}")

    def end(self) -> tuple[int, str]:
        """Wait for its end, and return its exit code and what it has said on stderr."""
        _, said = self.process.communicate(timeout=30)
        return self.process.returncode, said


Start = Callable[[str], Program]


def opened(stream: IO[str] | None) -> IO[str]:
    """Return a stream that is there."""
    assert stream is not None
    return stream


@pytest.fixture
def programs() -> Iterator[list[Program]]:
    """End what a test has started."""
    started: list[Program] = []
    yield started
    for program in started:
        program.process.kill()
        program.process.communicate()


@pytest.fixture
def start(respod: Respod, transport: str, programs: list[Program]) -> Start:
    """Start a program over each transport."""

    def start(body: str) -> Program:
        programs.append(Program(respod, transport, body))
        return programs[-1]

    return start


HOLD = """
bench = client.acquire("bench-1", linger={linger!r})
print("held")
{then}
"""

ENDS = {
    "its last line": ("", 0),
    "sys.exit": ("sys.exit(3)", 3),
    "an exception": ("raise RuntimeError('the test failed')", 1),
    "an exit from another thread": ("threading.Thread(target=sys.exit).start()", 0),
}


@pytest.mark.parametrize("how", ENDS)
def test_what_is_held_at_exit_is_released(how: str, respod: Respod, start: Start) -> None:
    then, code = ENDS[how]
    # The lease lingers: it is released because somebody does so, not by the end of a connection.
    program = start(HOLD.format(linger="10m", then=then))
    program.expect("held")
    assert program.end()[0] == code
    respo.Client(respod.url).acquire("bench-1", wait=0).release()


NAMESPACE = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child")


@pytest.fixture(scope="module")
def namespace() -> tuple[str, ...]:
    """A command that starts another one as process 1 of a namespace."""
    try:
        subprocess.run([*NAMESPACE, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as failure:
        pytest.skip(f"no PID namespace can be made here: {failure}")
    return NAMESPACE


def test_a_signal_ends_the_first_process_of_a_container_too(
    respod: Respod, transport: str, programs: list[Program], namespace: tuple[str, ...]
) -> None:
    body = HOLD.format(
        linger="10m", then="os.kill(1, signal.SIGTERM)\nprint('goes on', os.getpid())"
    )
    programs.append(Program(respod, transport, body, starter=namespace))
    programs[-1].expect("held")
    assert programs[-1].line() == ""
    assert programs[-1].end() == (128 + signal.SIGTERM, "")
    respo.Client(respod.url).acquire("bench-1", wait=0).release()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_that_ends_the_process_releases_first(
    name: str, respod: Respod, start: Start
) -> None:
    program = start(HOLD.format(linger="10m", then="time.sleep(60)"))
    program.expect("held")
    number = getattr(signal, name)
    program.process.send_signal(number)
    assert program.end() == (-number, "")
    respo.Client(respod.url).acquire("bench-1", wait=0).release()


def test_ctrl_c_unwinds_the_block_which_releases(start: Start) -> None:
    program = start(
        """
try:
    with client.lease("bench-1", linger="10m") as bench:
        print("held")
        time.sleep(60)
except KeyboardInterrupt:
    client.acquire("bench-1", wait=0).release()
    print("interrupted", bench)
"""
    )
    program.expect("held")
    program.process.send_signal(signal.SIGINT)
    program.expect("interrupted <respo.Lease 1 of bench-1, released>")
    assert program.end() == (0, "")


def test_ctrl_c_while_it_waits_withdraws_the_request(respod: Respod, start: Start) -> None:
    with respo.Client(respod.url).lease("bench-1"):
        program = start(
            """
try:
    client.acquire("bench-1", linger="10m", on_notice=lambda notice: print("told"))
except KeyboardInterrupt:
    while client.requests():
        pass
    print("gone")
"""
        )
        program.expect("told")
        program.process.send_signal(signal.SIGINT)
        program.expect("gone")
        assert program.end() == (0, "")


def test_a_handler_that_is_there_already_decides(start: Start) -> None:
    program = start(
        """
told = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: told.set())
with client.lease("bench-1") as bench:
    print("held")
    told.wait()
    bench.check()
    print("finished in good order")
"""
    )
    program.expect("held")
    program.process.send_signal(signal.SIGTERM)
    program.expect("finished in good order")
    assert program.end() == (0, "")


def test_a_killed_process_holds_nothing_any_more(respod: Respod, start: Start) -> None:
    program = start(HOLD.format(linger=0, then="time.sleep(60)"))
    program.expect("held")
    program.process.kill()
    program.end()
    respo.Client(respod.url).acquire("bench-1", wait="20s").release()


FORK = """
bench = client.acquire("bench-1")
child = os.fork()
if child == 0:
    try:
        bench.check()
    except respo.LeaseLost as lost:
        print(lost.reason, bench.lost, bench.lost_reason)
    bench.release()
    client.close()
    {child}
os.waitpid(child, 0)
bench.check()
print(len(client.leases()), bench.name)
"""


@pytest.mark.parametrize("child", ["sys.exit()", "os._exit(0)", "raise RuntimeError"])
def test_a_forked_child_neither_holds_nor_releases(child: str, start: Start) -> None:
    program = start(FORK.format(child=child))
    program.expect("forked True forked")
    program.expect("1 bench-1")
    assert program.end()[0] == 0


def test_a_child_that_outlives_its_killed_parent_keeps_nothing(
    respod: Respod, start: Start
) -> None:
    program = start(
        """
bench = client.acquire("bench-1")
child = os.fork()
if child == 0:
    time.sleep(60)
    os._exit(0)
print(child)
time.sleep(60)
"""
    )
    child = int(program.line())
    try:
        program.process.kill()
        program.process.wait()
        # That is long before respod would notice that a client says nothing.
        respo.Client(respod.url).acquire("bench-1", wait="10s").release()
        os.kill(child, 0)  # it is still there
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_child_leases_for_itself_with_the_client_of_its_parent(start: Start) -> None:
    program = start(
        """
import multiprocessing
def work():
    with client.lease("bench-1") as bench:
        print(bench.fence)
with client.lease("bench-1") as bench:
    pass
for _ in range(2):
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join()
with client.lease("bench-1") as bench:
    print(bench.fence)
"""
    )
    for fence in ("2", "3", "4"):
        program.expect(fence)
    assert program.end() == (0, "")


def test_a_block_around_a_fork_ends_quietly_in_the_child(start: Start) -> None:
    program = start(
        """
with client.lease("bench-1") as bench:
    child = os.fork()
if child == 0:
    print("left")
    sys.exit()
os.waitpid(child, 0)
print(bench)
"""
    )
    program.expect("left")
    program.expect("<respo.Lease 1 of bench-1, released>")
    assert program.end() == (0, "")
