"""What stands in Redis, typed: redis-py's signatures leave it open."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from redis.asyncio import Redis
from redis.client import NEVER_DECODE

from read_model.schema.history import decode
from read_model.schema.keys import Keys
from read_model.schema.orders import OrderSummary
from write_model.contracts.given_up import place_of
from write_model.contracts.streams import projected_key

HISTORY: Final = "order-history:"


async def hash_at(redis: Redis, key: str) -> dict[str, str]:
    """The fields of a hash."""
    return await cast("Awaitable[dict[str, str]]", redis.hgetall(key))


async def stream_at(redis: Redis, key: str) -> list[tuple[str, dict[str, str]]]:
    """The entries of a stream, oldest first."""
    return await cast("Awaitable[list[tuple[str, dict[str, str]]]]", redis.xrange(key))


async def parked_at(redis: Redis, partition: int = 0) -> list[tuple[str, dict[str, str]]]:
    """Position and hash of every parked event, by aggregate, in order."""
    keys = Keys(partition, 1)
    positions = [place_of(member)[1] for member, _ in await ranked_at(redis, keys.parked())]
    return [(str(position), await hash_at(redis, keys.parked_event(position))) for position in positions]


async def ranked_at(redis: Redis, key: str) -> list[tuple[str, float]]:
    """The members of a sorted set with their scores, lowest first."""
    return await cast("Awaitable[list[tuple[str, float]]]", redis.zrange(key, 0, -1, withscores=True))


async def list_at(redis: Redis, key: str) -> list[bytes]:
    """The elements of a list, which need not be text."""
    never_decode: dict[str, Any] = {NEVER_DECODE: []}
    return cast("list[bytes]", await redis.execute_command("LRANGE", key, 0, -1, **never_decode))  # type: ignore[no-untyped-call]


async def damage(redis: Redis, partition: int, row: str) -> None:
    """Make a row unreadable; and let the checkpoint be another's, or a projector goes on from what it remembers."""
    async with redis.pipeline(transaction=True) as both:
        both.hset(row, "summary", "garbage")
        both.hset(projected_key(partition), "step", "another's")
        await both.execute()


async def everything(redis: Redis) -> dict[str, Any]:
    """All that stands in Redis: hashes, streams, lists, sets and sorted sets by key.

    Strings are leases and left out, and so is which step came to a checkpoint, or made it complete.
    """
    readers: dict[str, Any] = {
        "hash": hash_at,
        "stream": stream_at,
        "zset": ranked_at,
        "set": lambda redis, key: redis.smembers(key),
        "list": list_at,
    }
    contents = {}
    for key in sorted(await cast("Awaitable[list[str]]", redis.keys())):
        kind = str(await redis.type(key))
        if kind in readers:
            contents[key] = await readers[kind](redis, key)
            if kind == "hash":
                contents[key].pop("step", None)
                if "complete" in contents[key]:
                    contents[key]["complete"] = "by some step"
    return contents


def wherever_published(contents: dict[str, Any]) -> dict[str, Any]:
    """The same without what histories tell of publication: events that are published again stand elsewhere."""
    told = dict(contents)
    for key in contents:
        before, found, id = key.partition(HISTORY)
        if found:
            customer_id = OrderSummary.decode(contents[f"{before}order:{id}"]["summary"]).customer_id
            events = [decode(element, customer_id) for element in contents[key]]
            told[key] = [(event.version, event.type, event.occurred_at, event.data) for event in events]
    return told


async def remember(redis: Redis) -> None:
    """Copy everything aside, as it is now, in place of what was there."""
    keys = await cast("Awaitable[list[str]]", redis.keys())
    async with redis.pipeline(transaction=False) as pipeline:
        for command in ("SELECT 1", "FLUSHDB", "SELECT 0"):
            pipeline.execute_command(*command.split())
        for key in keys:
            pipeline.copy(key, key, destination_db="1")
        await pipeline.execute()


async def go_back(redis: Redis) -> None:
    """Redis is what `remember` saw: what a failover to a lagging replica, or a lost end of its log, looks like."""
    await redis.swapdb(0, 1)


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for the condition; the timeout of the test is the limit."""
    while True:
        if await condition():
            return
        await asyncio.sleep(0.005)
