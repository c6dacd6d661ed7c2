"""Events going by, for whoever watches: the latest of those that have just become visible, with how long that took.

Looked at only while somebody watches, in the streams, a few times a second; whoever is slow sees fewer.
"""

import asyncio
import logging
from bisect import bisect_left
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, NamedTuple, Self

from read_model.changes import Changes
from read_model.connection import Reader
from read_model.errors import ReadFault
from read_model.multiplexed import Command
from read_model.schema.keys import Keys
from write_model.contracts.codec import WATERMARK
from write_model.contracts.streams import Position, events_key

LOOK_SECONDS: Final = 0.25
AT_ONCE: Final = 50
"""Entries of a partition that one look takes, the latest ones."""
SHOWN: Final = 100
"""Events that wait for a watcher, the latest ones."""
ARRIVALS: Final = 1_000
"""Moments that are remembered of a partition between two looks."""


_log = logging.getLogger(__name__)


class Passed(NamedTuple):
    """An event, which need not be readable; `visible_at` and `seconds` are by this process's clock.

    `seconds` is how long after its command was taken it could be seen; None where the event does not say when.
    """

    partition: int
    position: Position
    entry: Mapping[str, str]
    visible_at: float
    seconds: float | None

    @classmethod
    def of(cls, partition: int, position: Position, entry: Mapping[str, str], visible_at: float) -> Self:
        """The event in a stream entry."""
        try:
            taken = datetime.fromisoformat(entry["at"]).timestamp()
        except (KeyError, ValueError):
            return cls(partition, position, entry, visible_at, None)
        return cls(partition, position, entry, visible_at, max(0.0, visible_at - taken))


class Seen(NamedTuple):
    """The events since the last time, oldest first; `has_gaps` where there were more."""

    events: list[Passed]
    has_gaps: bool


class Watcher:
    """One who watches; an endless iterator."""

    def __init__(self, wanted: Callable[[Passed], bool]) -> None:
        self._wanted = wanted
        self._events: deque[Passed] = deque()
        self._has_gaps = False
        self._arrived = asyncio.Event()

    def offer(self, events: Iterable[Passed], *, has_gaps: bool) -> None:
        """These went by."""
        self._events += [event for event in events if self._wanted(event)]
        self._has_gaps |= has_gaps or len(self._events) > SHOWN
        while len(self._events) > SHOWN:
            self._events.popleft()
        if self._events:
            self._arrived.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Seen:
        await self._arrived.wait()
        seen = Seen(list(self._events), self._has_gaps)
        self._events.clear()
        self._has_gaps = False
        self._arrived.clear()
        return seen


class Passing:
    """The events that go by in this process; `clock` gives Unix time."""

    def __init__(self, reader: Reader, changes: Changes, clock: Callable[[], float]) -> None:
        self._reader = reader
        self._changes = changes
        self._clock = clock
        self._watchers: set[Watcher] = set()
        self._looking: asyncio.Task[None] | None = None
        self._taken: dict[int, Position] = {}
        self._arrivals: dict[int, deque[tuple[Position, float]]] = {}

    @asynccontextmanager
    async def watch(self, wanted: Callable[[Passed], bool]) -> AsyncIterator[Watcher]:
        """Those that are wanted, from now on; Busy."""
        watcher = Watcher(wanted)
        with self._changes.subscriber():
            self._watchers.add(watcher)
            if self._looking is None:
                self._begin()
            try:
                yield watcher
            finally:
                self._watchers.remove(watcher)
                if not self._watchers:
                    self._end()

    def _begin(self) -> None:
        partitions = range(self._reader.partitions)
        self._taken = {partition: self._changes.position(partition) for partition in partitions}
        self._arrivals = {partition: deque(maxlen=ARRIVALS) for partition in partitions}
        self._changes.moved = self._note
        self._looking = asyncio.create_task(self._look())

    def _end(self) -> None:
        self._changes.moved = None
        assert self._looking
        self._looking.cancel()
        self._looking = None

    def _note(self, partition: int, position: Position) -> None:
        """The partition shows everything up to there from now on."""
        if position < self._taken[partition]:  # Redis lost its last moments
            self._taken[partition] = position
        arrivals = self._arrivals[partition]
        while arrivals and arrivals[-1][0] >= position:
            arrivals.pop()
        arrivals.append((position, self._clock()))

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._take()
            except ReadFault:
                continue  # they are there the next time
            except Exception:  # whatever it is: watchers would wait for ever
                _log.exception("the events that go by cannot be seen")

    async def _take(self) -> None:
        moved = {p: arrivals[-1][0] for p, arrivals in self._arrivals.items() if arrivals}

        def asked(keys: Keys) -> list[Command]:
            upto, taken = moved[keys.partition], self._taken[keys.partition]
            return [("XREVRANGE", events_key(keys.partition), str(upto), f"({taken}", "COUNT", AT_ONCE + 1)]

        replies = await self._reader.read(dict.fromkeys(moved, asked), complete=False)
        events: list[Passed] = []
        has_gaps = False
        for partition, [latest] in replies.items():
            events += self._passed(partition, latest[:AT_ONCE])
            has_gaps |= len(latest) > AT_ONCE
            self._taken[partition] = moved[partition]
            self._forget(partition, moved[partition])
        events.sort(key=lambda event: event.position)
        for watcher in self._watchers:
            watcher.offer(events, has_gaps=has_gaps)

    def _passed(self, partition: int, latest: Iterable[tuple[str, list[Any]]]) -> list[Passed]:
        arrivals, found = list(self._arrivals[partition]), []
        for id, flat in latest:
            entry, position = dict(zip(flat[::2], flat[1::2], strict=True)), Position.parse(id)
            if WATERMARK not in entry:
                at = min(bisect_left(arrivals, position, key=lambda arrival: arrival[0]), len(arrivals) - 1)
                found.append(Passed.of(partition, position, entry, arrivals[at][1]))
        return found

    def _forget(self, partition: int, upto: Position) -> None:
        arrivals = self._arrivals[partition]
        while arrivals and arrivals[0][0] <= upto:
            arrivals.popleft()
