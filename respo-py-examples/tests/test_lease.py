"""A lease, from asking until its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import respo

if TYPE_CHECKING:
    from conftest import Connect
    from daemon import Respod


def test_one_line_leases_a_bench_and_says_all_that_is_known_of_it(
    respod: Respod, connect: Connect
) -> None:
    with connect(respod).lease("location=office1", attributes=["can"]) as bench:
        assert bench.name == "bench-1"
        assert bench.dut.socket == "127.0.0.1:4567"
        assert bench.dut.console.baud == 115200
        assert bench.fence == 1


def test_what_is_taken_is_busy_and_free_after_the_block(respod: Respod, connect: Connect) -> None:
    client = connect(respod)
    with client.lease(resource="bench-1", name="ci-88"), pytest.raises(respo.Busy, match="ci-88"):
        client.acquire(resource="bench-1", wait=0)
    client.acquire(resource="bench-1", wait=0).release()
