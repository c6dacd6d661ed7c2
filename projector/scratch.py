"""A generation in the making: the store that its consumer works on, beside the one that serves.

The steps are the same, from a checkpoint of its own; only that nobody is told. Entries come from the replay of the
journal, and where that ends from the live stream, never beyond what the generation that serves shows: so the two
can meet.
"""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from itertools import chain
from typing import Final, cast

from redis.asyncio import Redis

from projector.given_up import GivenUp
from projector.incoming import Entry
from projector.reaching import reaching_redis
from projector.retrying import Asked
from projector.store import Checkpoint, Notices, Step, Store
from read_model.schema.requests import Request
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
        # Where this one and the one that serves meet, this one has heard of all that the other has done.
        self.given_up = GivenUp(redis, partition, look_seconds=0)
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
        """The next entries; requests are for the generation that serves."""
        return await self.entries_after(position, count=count, block_ms=block_ms), []

    async def give_up(self, requests: Sequence[Request]) -> list[Asked]:
        """Take them up in this step."""
        return [Asked(str(request.position), request) for request in requests]

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
