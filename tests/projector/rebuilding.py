"""Rebuilds at work in the tests, and the replay that a relay would feed them."""

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis

from projector.consumer import Consumer
from projector.generations import Generations
from projector.rebuild import Rebuild
from projector.scratch import Scratch
from projector.startup import step_id
from projector.store import Store
from tests.projector.contents import everything, stream_at
from tests.projector.events import PARTITION, entry, position
from write_model.contracts.codec import REPLAYED, encode_replayed
from write_model.contracts.envelope import Envelope
from write_model.contracts.event import Event
from write_model.contracts.streams import replay_key


def generations(redis: Redis, *, grace_seconds: int = 0) -> Generations:
    return Generations(redis, PARTITION, grace_seconds=grace_seconds)


def a_rebuild(redis: Redis, *, batch: int = 500, renamed_at_once: int = 200) -> Rebuild:
    def consumer_of(generation: int) -> Consumer:
        store: Store = Scratch(redis, PARTITION, generation)
        return Consumer(
            *(store, PARTITION),
            shop_currency="EUR",
            step_id=step_id,
            block_ms=1,
            batch=batch,
            renamed_at_once=renamed_at_once,
        )

    return Rebuild(generations(redis), consumer_of)


async def replay(redis: Redis, events: Sequence[Envelope[Event]], *, first: int = 1, together: int = 500) -> None:
    """Feed the events, so many in one, at the positions that they have in the live stream."""
    placed = [(position(number), entry(event)) for number, event in enumerate(events, first)]
    for start in range(0, len(placed), together):
        bundle = placed[start : start + together]
        await redis.xadd(replay_key(PARTITION), {REPLAYED: encode_replayed(bundle)}, id=str(bundle[-1][0]))


async def until_made(redis: Redis, rebuild: Rebuild, *, live: Consumer | None = None) -> None:
    """Step until there is nothing in the making, the live consumer in between."""
    for _ in range(1_000):
        if (await generations(redis).state()).making is None:
            return
        await rebuild.step()
        if live:
            await live.step()
    raise AssertionError("never made")


async def rows_of(redis: Redis, generation: int) -> dict[str, Any]:
    """Everything in the generation, by key without its beginning."""
    beginning = f"{{p{PARTITION}}}:{generation}:"
    return {
        key.removeprefix(beginning): value
        for key, value in (await everything(redis)).items()
        if key.startswith(beginning)
    }


async def heard(redis: Redis, key: str) -> list[str]:
    """The ids of a stream's entries."""
    return [id for id, _ in await stream_at(redis, key)]
