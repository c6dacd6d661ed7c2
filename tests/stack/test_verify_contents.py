"""Histories compared by what they say, whatever bytes a library makes of it."""

import pytest
from redis.asyncio import Redis

from read_model.schema import history
from read_model.schema.history import encode_event
from read_model.schema.keys import Keys
from stack.verify.contents import Pair, differences, unequal
from tests.read_model.projected import history_entry, make_id, order_row
from write_model.contracts.streams import Position

ROW = order_row(make_id("ord", 0), make_id("cus", 0))
ID, CUSTOMER = ROW.summary.id, ROW.summary.customer_id


def element(version: int, *, seq: int = 1) -> bytes:
    return encode_event(Position(version, seq), history_entry(version, CUSTOMER), CUSTOMER)


async def compared(redis_url: str, shown: list[bytes], made: list[bytes]) -> list[str]:
    keys = [Keys(0, generation) for generation in (1, 2)]
    ours, theirs = [its.order_history(ID) for its in keys]
    pair = Pair(f"order-history:{ID}", ours, theirs, ("list", "list"))
    async with Redis.from_url(redis_url) as redis:
        await redis.flushall()
        for its, elements in zip(keys, (shown, made), strict=True):
            await redis.hset(its.order(ID), "summary", ROW.summary.encode())
            await redis.rpush(its.order_history(ID), *elements)
        return [found for one in await unequal(redis, [pair]) async for found in differences(redis, one)]


async def test_what_is_the_same_is_not_named(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = [element(1), element(2)]
    assert await compared(redis_url, shown, shown) == []
    monkeypatch.setattr(history, "_LEVEL", 0)
    made = [element(1), element(2)]
    assert made != shown
    assert await compared(redis_url, shown, made) == []


async def test_what_differs_is_named(redis_url: str) -> None:
    assert await compared(redis_url, [element(1)], [element(1), element(2)]) == ["the event of version 2 is missing"]
    assert await compared(redis_url, [element(1), element(2)], [element(1)]) == [
        "the event of version 2 is in it, and should not be"
    ]
    [found] = await compared(redis_url, [element(1, seq=2)], [element(1)])
    assert found.startswith("the event of version 1 is Remembered(")
    [found] = await compared(redis_url, [b"?"], [element(1)])
    assert found.startswith("the event of version 1 is None, the journal says Remembered(")
