"""What has come for a task and is not taken out yet."""

from __future__ import annotations

import asyncio
from collections import deque

from respo.socket_messages import Item


class Mailbox:
    """Items for one task, in order.

    Where the wait for an item is cancelled just when one comes, the cancellation counts, and the
    item stays. With a queue and :func:`asyncio.wait_for`, one of the two could get lost.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self._items: deque[Item] = deque()
        self._waiter: asyncio.Future[None] | None = None

    def put(self, item: Item) -> None:
        """Add an item; in the event loop."""
        self._items.append(item)
        _wake(self._waiter)

    async def get(self, within: float | None = None) -> Item:
        """Wait for the next item and take it out.

        Raises:
            asyncio.TimeoutError: If there is none after ``within`` seconds.

        """
        if not self._items:
            loop = asyncio.get_running_loop()
            self._waiter = waiter = loop.create_future()
            timer = None if within is None else loop.call_later(max(0.0, within), _wake, waiter)
            try:
                await waiter
            finally:
                self._waiter = None
                if timer is not None:
                    timer.cancel()
        if not self._items:
            raise asyncio.TimeoutError
        return self._items.popleft()

    def empty(self) -> list[Item]:
        """Take out all that is there."""
        items = list(self._items)
        self._items.clear()
        return items


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
