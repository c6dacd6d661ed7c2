"""kill -9 of the projector while it takes thousands of parked events in: each is taken in once, in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from read_model.schema.changes import CHANGE, ProductChanged, decode_changes
from read_model.schema.keys import answer_key, feed_key, requests_key
from read_model.schema.products import ProductRow
from read_model.schema.requests import Answer, Ask, Outcome, Request
from tests.projector.consumers import until
from tests.projector.contents import damage, eventually, hash_at, stream_at
from tests.projector.events import PRODUCT, added, envelope, position, publish, watermark
from tests.projector.story import KEYS
from tests.projector.test_process import projector
from write_model.contracts.products import ProductRestocked

EVENTS = 4_000
KILLS = 2


@asynccontextmanager
async def beating(redis: Redis, first: int) -> AsyncIterator[None]:
    """Watermarks, as a relay publishes them."""
    is_over = asyncio.Event()

    async def beat() -> None:
        number = first
        while not is_over.is_set():
            await publish(redis, [watermark()], first=number)
            number += 1
            await asyncio.sleep(0.05)

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        is_over.set()  # redis-py may lose a cancellation, and the beat would go on in the tests that follow
        await task


async def parked(redis: Redis) -> int:
    return int(await redis.zcard(KEYS.parked()))


@pytest.mark.parametrize("ask", [Ask.RETRY, Ask.DISCARD])
async def test_a_retry_survives_kills(redis: Redis, redis_url: str, ask: Ask) -> None:
    settings = {"REDIS_URL": redis_url, "PARTITIONS": "1"}
    restocked = [envelope(PRODUCT, version, ProductRestocked(quantity=1)) for version in range(2, EVENTS + 2)]
    async with projector(**settings) as process:
        await until(redis, await publish(redis, [envelope(PRODUCT, 1, added(stock=0))]))
        row = await hash_at(redis, KEYS.product(PRODUCT))
        await damage(redis, 0, KEYS.product(PRODUCT))
        await until(redis, await publish(redis, restocked, first=2))
        assert await parked(redis) == EVENTS
        process.kill()
        await process.communicate()
    await redis.hset(KEYS.product(PRODUCT), mapping=dict(row.items()))
    last = Request(ask, PRODUCT, position(EVENTS + 1))
    id = str(await redis.xadd(requests_key(0), dict(last.encode().items())))

    async with beating(redis, EVENTS + 2):
        for kill in range(KILLS):
            left = await parked(redis)
            assert left > 0, f"all was done before kill {kill + 1}"

            async def moved(before: int = left) -> bool:
                return await parked(redis) < before

            async with projector(**settings) as process:
                await eventually(moved)
                process.kill()
                await process.communicate()
        async with projector(**settings):

            async def over() -> bool:
                return Answer.decode(await hash_at(redis, answer_key(0, id))).outcome is not None

            await eventually(over)

    assert await parked(redis) == 0
    assert Answer.decode(await hash_at(redis, answer_key(0, id))) == Answer(
        Outcome.FREE, EVENTS, discarded=ask is Ask.DISCARD
    )
    product = ProductRow.decode(await hash_at(redis, KEYS.product(PRODUCT)))
    skipped = 1 if ask is Ask.DISCARD else 0
    assert (product.version, product.available) == (EVENTS + 1, EVENTS - skipped)
    said = [change for _, fields in await stream_at(redis, feed_key(0)) for change in decode_changes(fields[CHANGE])]
    assert said == [ProductChanged(PRODUCT, version) for version in range(1, EVENTS + 2 - skipped)]
