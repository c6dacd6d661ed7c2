"""A subscriber's place in the feed: a bounded buffer between a follower that never waits and a client that may."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Self, TypeVar

from read_model.errors import ReadFault, SlowConsumer, Unavailable
from read_model.schema.changes import CHANGE, Change, ProductChanged, decode_changes
from write_model.contracts.streams import Position

RESYNC_PAUSE: Final = 0.5
"""Seconds."""
WHOLE: Final = 2**31
"""More changes than an entry of a feed has."""

T = TypeVar("T")
Tell = Callable[[T], bool]
"""Tells a client of an event at once; False, and then it was not told, where that would have to wait."""


class Place(NamedTuple):
    """How far into a partition's feed: into the entry at the position, by so many of its changes.

    WHOLE for the last of them, and mostly there is one.
    """

    position: Position
    taken: int = WHOLE


class Announced(NamedTuple):
    """A change, and where the feed says so: the same place for ever, also where Redis was lost and filled again."""

    partition: int
    place: Place
    """Where a reader is who has had this change."""
    change: Change

    @classmethod
    def of(cls, partition: int, id: str, fields: Mapping[str, str]) -> list[Self]:
        """What a feed entry announces, none where it only says how far the projection came; ValueError for riddles."""
        if CHANGE not in fields:
            raise ValueError("the entry has no change")
        position, changes = Position.parse(id), decode_changes(fields[CHANGE])
        return [
            cls(partition, Place(position, taken if taken < len(changes) else WHOLE), change)
            for taken, change in enumerate(changes, 1)
        ]


@dataclass(frozen=True, slots=True)
class Resync:
    """Changes of the partition may have been missed: read again what the subscription shows, then go on."""

    partition: int


Item = Announced | Resync


class Subscription:
    """An endless iterator of items; raises SlowConsumer once more than `limit` of them wait."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: deque[Item] = deque()
        self._arrived = asyncio.Event()
        self._arrived.set()  # cleared only while somebody waits in the iterator
        self._fault: ReadFault | None = None
        self.at_once: Tell[Announced] | None = None
        """Asked first about what is offered while the iterator waits: whether it has dealt with it.

        So a client that keeps up is told without anybody being woken. Whoever sets it has to know by then what the
        iterator's reader knows, and both go on from what the other has done.
        """

    @property
    def is_drained(self) -> bool:
        """Whether everything that was offered has been taken."""
        return not self._items and self._fault is None

    @property
    def is_too_slow(self) -> bool:
        """Whether it was ended because more waited than may."""
        return isinstance(self._fault, SlowConsumer)

    def offer(self, item: Item) -> None:
        """Put in an item, without waiting.

        Of a product one notice is enough: whoever takes it looks at the product as it is by then.
        """
        if self.at_once and not self._arrived.is_set() and isinstance(item, Announced) and self.at_once(item):
            return
        if self._items and isinstance(item, Announced) and isinstance(item.change, ProductChanged):
            last = self._items[-1]
            if isinstance(last, Announced) and last.change.about == item.change.about:
                self._items.pop()
        if len(self._items) >= self._limit:
            self.end(SlowConsumer(limit=self._limit))
        elif self._fault is None:
            self._items.append(item)
            self._arrived.set()

    def forget(self, partition: int, above: Position) -> None:
        """Take back the partition's changes above the position: Redis lost them, and they are announced again.

        Whoever looks at what Redis has now, and then took these, would miss those between.
        """
        kept = [
            item for item in self._items
            if isinstance(item, Resync) or item.partition != partition or item.place.position <= above
        ]  # fmt: skip
        self._items = deque(kept)

    def end(self, fault: ReadFault) -> None:
        """Raise this in the iterator instead of what still waits: the client resumes from what it has."""
        self._fault = self._fault or fault
        self._items.clear()
        self._arrived.set()

    def check(self) -> None:
        """Raise what the iterator would raise now."""
        if self._fault:
            raise self._fault

    async def patiently(self, read: Callable[[], Awaitable[T]]) -> T:
        """What is read, as soon as the read model is available again; or what the iterator would raise."""
        while True:
            try:
                return await read()
            except Unavailable:
                await self.pause()

    async def pause(self) -> None:
        """A while, before something is tried again; or what the iterator would raise."""
        self.check()
        await asyncio.sleep(RESYNC_PAUSE)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        while not self._items:
            self.check()
            self._arrived.clear()
            await self._arrived.wait()
        return self._items.popleft()
