"""A generation in the making: the store that its consumer works on, beside the one that serves.

The steps are the same, from a checkpoint of its own; only that nobody is told. Entries come from the replay of the
journal, and where that ends from the live stream, never beyond what the generation that serves shows: so the two
can meet.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from itertools import chain
from typing import Final, cast

from redis.asyncio import Redis

from projector.incoming import Entry
from projector.retrying import Asked, tombstone_of
from projector.store import Checkpoint, Notices, Step, Store, reaching_redis
from read_model.schema.keys import Keys, discarded_key
from read_model.schema.parked import member_of, place_of
from read_model.schema.requests import Ask, Request
from write_model.contracts.codec import REPLAYED, REPLAYED_AT_ONCE, decode_replayed
from write_model.contracts.streams import BEGINNING, Position, events_key, projected_key, rebuild_key, replay_key

_PAUSE: Final = 0.05
"""Seconds between looks for entries."""


class Gone(Exception):
    """The generation is not wanted any more: it was switched to, given up, or lost together with Redis."""


class Scratch(Store):
    """A partition's generation in the making. Every method raises Unavailable, and Gone where it is not made any more.

    Nothing of another generation can be touched by way of it.
    """

    def __init__(self, redis: Redis, partition: int, generation: int) -> None:
        super().__init__(redis, partition, feed_retention_ms=0)
        self.at = rebuild_key(partition)
        self._generation = generation

    async def entries_after(self, position: Position, *, count: int, block_ms: int | None) -> list[Entry]:
        """The next entries, at most `count`; none where there is none now. Waits for a moment only."""
        entries = await self._replayed(position, count) or await self._live(position, count)
        if not entries and block_ms:
            await asyncio.sleep(_PAUSE)
        return entries

    async def news_after(
        self, position: Position, *, count: int, block_ms: int | None
    ) -> tuple[list[Entry], list[Asked]]:
        """The next entries, and what this generation has parked of what was given up.

        Requests are for the generation that serves; what it gave up is given up here as well. Looked at after the
        entries: where the two meet, this one has heard of all that the other has done.
        """
        entries = await self.entries_after(position, count=count, block_ms=block_ms)
        given_up = await self._given_up()
        tombstones = {place: ask for (_, place), ask in given_up.items()}
        entries = [
            (place, tombstone_of(tombstones[place], entry) if place in tombstones else entry)
            for place, entry in entries
        ]
        return entries, [Asked(str(at), Request(ask, id, at)) for (id, at), ask in await self._parked(given_up)]

    async def _given_up(self) -> dict[tuple[str, Position], Ask]:
        """By aggregate and position."""
        async with reaching_redis():
            found = await cast("Awaitable[dict[str, str]]", self._redis.hgetall(discarded_key(self._partition)))
        return {place_of(member): Ask(ask) for member, ask in found.items()}

    async def _parked(self, given_up: Mapping[tuple[str, Position], Ask]) -> list[tuple[tuple[str, Position], Ask]]:
        """Those of them that are parked here."""
        if not given_up:
            return []
        async with reaching_redis():
            parked = Keys(self._partition, self._generation).parked()
            scores = await self._redis.zmscore(parked, [member_of(*place) for place in given_up])
        return [one for one, score in zip(given_up.items(), scores, strict=True) if score is not None]

    async def _replayed(self, position: Position, count: int) -> list[Entry]:
        bundles = -(-count // REPLAYED_AT_ONCE)
        async with reaching_redis():
            found = await cast(
                "Awaitable[list[tuple[str, Mapping[str, str]]]]",
                self._redis.xrange(replay_key(self._partition), f"({position}", "+", count=bundles),
            )
        entries = chain.from_iterable(decode_replayed(fields[REPLAYED]) for _, fields in found)
        return [entry for entry in entries if entry[0] > position]

    async def _live(self, position: Position, count: int) -> list[Entry]:
        key = events_key(self._partition)
        async with reaching_redis(), self._redis.pipeline(transaction=False) as pipeline:
            pipeline.hget(projected_key(self._partition), "position")
            pipeline.xrange(key, f"({position}", "+", count=count)
            # Read afterwards: what is still there at or below our position proves that nothing above was trimmed.
            pipeline.xrange(key, count=1)
            shown, found, oldest = await pipeline.execute()
        if not oldest or Position.parse(oldest[0][0]) > position:
            return []
        upto = Position.parse(shown) if shown else BEGINNING
        entries = ((Position.parse(id), fields) for id, fields in found)
        return [(id, fields) for id, fields in entries if id <= upto]

    def _told(self, step: Step) -> tuple[str, str, Notices]:
        # Nobody hears of it; and of the replay what was taken in goes.
        return replay_key(self._partition), str(step.reached), []

    def _as_checkpoint(self, generation: str | None, position: str | None, step: str | None) -> Checkpoint:
        checkpoint = super()._as_checkpoint(generation, position, step)
        if checkpoint.generation != self._generation:
            raise Gone(f"generation {self._generation} of partition {self._partition} is not made any more")
        return checkpoint
