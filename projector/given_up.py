"""Events that operators gave up: tombstones take their place, wherever a generation meets them again."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from typing import Final, cast

from redis.asyncio import Redis

from projector.incoming import Entry
from projector.reaching import reaching_redis
from projector.retrying import tombstone_of
from read_model.schema.keys import Keys
from read_model.schema.parked import REASON
from read_model.schema.requests import Ask, Request
from write_model.contracts.given_up import discarded_key, place_of
from write_model.contracts.streams import Position

_KNOWN: Final = frozenset(Ask)
"""A newer program may say what this one does not know: to this one it is as if nobody had said it."""


class GivenUp:
    """One partition's, as it was looked at last. Every method raises Unavailable.

    Redis that was set back may know less of it than was known; relays tell it again.
    """

    def __init__(self, redis: Redis, partition: int, *, look_seconds: float) -> None:
        self._redis = redis
        self._partition = partition
        self._look_seconds = look_seconds
        self._looked: float | None = None
        self._asks: dict[tuple[str, Position], Ask] = {}
        """By aggregate and position."""
        self._tombstones: dict[Position, Ask] = {}

    async def look(self) -> bool:
        """Learn what is given up, unless that was learnt just now: then False."""
        now = asyncio.get_running_loop().time()
        if self._looked is not None and now - self._looked < self._look_seconds:
            return False
        async with reaching_redis():
            key = discarded_key(self._partition)
            found: Mapping[str, str] = await cast("Awaitable[dict[str, str]]", self._redis.hgetall(key))
        self._looked = now
        self._asks = {place_of(member): Ask(ask) for member, ask in found.items() if ask in _KNOWN}
        self._tombstones = {at: ask for (_, at), ask in self._asks.items()}
        return True

    def replace(self, entries: Iterable[Entry]) -> list[Entry]:
        """The entries, with tombstones for those that are given up."""
        return [
            (place, tombstone_of(self._tombstones[place], entry) if place in self._tombstones else entry)
            for place, entry in entries
        ]

    async def parked(self, generation: int) -> list[Request]:
        """What the generation must be asked: it has them parked as if nobody had given them up."""
        if not self._asks:
            return []
        keys = Keys(self._partition, generation)
        async with reaching_redis(), self._redis.pipeline(transaction=False) as pipeline:
            for _, at in self._asks:
                pipeline.hgetall(keys.parked_event(at))
            stored = await pipeline.execute()
        entries = ({name: text for name, text in fields.items() if name != REASON} for fields in stored)
        return [
            Request(ask, aggregate_id, at)
            for ((aggregate_id, at), ask), entry in zip(self._asks.items(), entries, strict=True)
            if entry and entry != tombstone_of(ask, entry)
        ]
