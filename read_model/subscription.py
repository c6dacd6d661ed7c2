"""A subscriber's place in the feed: a bounded buffer between a follower that never waits and a client that may."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Self

from read_model.errors import ReadFault, SlowConsumer
from read_model.schema.changes import OrderChanged


@dataclass(frozen=True, slots=True)
class Resync:
    """Changes may have been missed: read again what the subscription shows, then go on."""


Item = OrderChanged | Resync


class Subscription:
    """An endless iterator of items; raises SlowConsumer once more than `limit` of them wait."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: deque[Item] = deque()
        self._arrived = asyncio.Event()
        self._fault: ReadFault | None = None

    def offer(self, item: Item) -> None:
        """Put in an item, without waiting."""
        if len(self._items) >= self._limit:
            self.end(SlowConsumer(limit=self._limit))
        elif self._fault is None:
            self._items.append(item)
            self._arrived.set()

    def end(self, fault: ReadFault) -> None:
        """Raise this in the iterator instead of what still waits: the client resumes from what it has."""
        self._fault = self._fault or fault
        self._items.clear()
        self._arrived.set()

    def check(self) -> None:
        """Raise what the iterator would raise now."""
        if self._fault:
            raise self._fault

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        while not self._items:
            self.check()
            self._arrived.clear()
            await self._arrived.wait()
        return self._items.popleft()
