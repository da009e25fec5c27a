"""Many threads, few benches."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Connect
    from daemon import Respod

THREADS = 12
ROUNDS = 5


def test_twelve_threads_that_contend_for_two_of_five_benches_never_share_one(
    lab: Respod, connect: Connect
) -> None:
    client = connect(lab)
    holders: Counter[str] = Counter()
    served: Counter[int] = Counter()
    fences: list[int] = []
    mistakes: list[str] = []
    lock = threading.Lock()

    def work(number: int) -> None:
        for _ in range(ROUNDS):
            with client.lease("2", name=f"thread-{number}") as lease:
                names = lease.names
                with lock:
                    holders.update(names)
                    mistakes.extend(name for name in names if holders[name] > 1)
                    if len(set(names)) != 2 or sum(holders.values()) > 5:
                        mistakes.append(f"{names}, {holders}")
                    served[number] += 1
                    fences.append(lease.fence)
                with lock:
                    holders.subtract(names)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mistakes == []
    assert served == dict.fromkeys(range(THREADS), ROUNDS)
    assert sorted(fences) == list(range(1, THREADS * ROUNDS + 1))
    assert set(holders.values()) == {0}
    client.acquire("5", wait=0).release()
