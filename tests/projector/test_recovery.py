"""The consumer when Redis goes back, is emptied or is gone, and when somebody else was faster."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from projector.startup import connect
from projector.store import Checkpoint
from read_model.schema.customers import CustomerRow
from stack.embedded import start_redis
from tests.projector.consumers import a_consumer, checkpoint, lives, running, until
from tests.projector.contents import eventually, everything, go_back, hash_at, remember
from tests.projector.events import CUSTOMER, ORDER, envelope, history, placed, position, publish, watermark
from tests.projector.story import KEYS
from write_model.contracts.customers import CustomerRegistered
from write_model.contracts.orders import OrderConfirmed
from write_model.contracts.streams import BEGINNING, events_key, projected_key

ADA = envelope(CUSTOMER, 1, CustomerRegistered(name="Ada", email="ada@example.com"))
PLACED, CONFIRMED = history(ORDER, placed(total=1990), OrderConfirmed(customer_id=CUSTOMER))


async def test_a_redis_that_went_back_is_noticed_and_projected_again(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    events = lives(random.Random(5), customers=3, orders=40)
    half = len(events) // 2
    consumer = a_consumer(redis)
    await publish(redis, events[:half])
    await consumer.step()
    await remember(redis)
    await publish(redis, events[half:], first=half + 1)
    await consumer.step()
    expected = await everything(redis)

    await go_back(redis)
    await consumer.step()  # nothing arrives
    assert f"Redis went back from {position(len(events))} to {position(half)}" in caplog.text
    await publish(redis, events[half:], first=half + 1)
    await consumer.step()
    assert await everything(redis) == expected


async def test_a_redis_that_went_back_is_noticed_when_something_newer_arrives(redis: Redis) -> None:
    consumer = a_consumer(redis)
    await publish(redis, [ADA])
    await consumer.step()
    await remember(redis)
    await publish(redis, [PLACED, CONFIRMED], first=2)
    await consumer.step()
    await go_back(redis)
    last = await publish(redis, [PLACED, CONFIRMED, watermark()], first=2)
    await consumer.step()  # sees the watermark only, and is refused
    assert await checkpoint(redis) == Checkpoint(1, position(1))
    await consumer.step()
    assert await checkpoint(redis) == Checkpoint(1, last)
    assert CustomerRow.decode(await hash_at(redis, KEYS.customer(CUSTOMER))).order_count == 1


async def test_an_emptied_redis_is_projected_from_the_beginning(redis: Redis) -> None:
    events = lives(random.Random(6), customers=3, orders=40)
    consumer = a_consumer(redis)
    await publish(redis, [*events, watermark()])
    await consumer.step()
    expected = await everything(redis)
    await redis.flushall()
    await consumer.step()  # nothing arrives
    assert await checkpoint(redis) == Checkpoint(1, BEGINNING)
    await publish(redis, [*events, watermark()])
    await consumer.step()
    assert await everything(redis) == expected


async def test_a_consumer_that_was_overtaken_goes_on_from_where_the_other_came(redis: Redis) -> None:
    ours, other = a_consumer(redis), a_consumer(redis)
    await publish(redis, [ADA])
    await ours.step()
    await publish(redis, [PLACED, CONFIRMED], first=2)
    await other.step()
    await other.step()
    last = await publish(redis, [watermark()], first=4)
    await ours.step()  # refused
    await ours.step()
    assert await checkpoint(redis) == Checkpoint(1, last)
    assert CustomerRow.decode(await hash_at(redis, KEYS.customer(CUSTOMER))).order_count == 1


async def test_another_generation_is_followed(redis: Redis) -> None:
    consumer = a_consumer(redis)
    await publish(redis, [ADA])
    await consumer.step()
    await redis.hset(projected_key(0), mapping={"generation": "2", "position": str(BEGINNING)})
    await consumer.step()
    await consumer.step()
    assert await checkpoint(redis) == Checkpoint(2, position(1))
    assert await redis.exists(KEYS._replace(generation=2).customer(CUSTOMER))


async def test_an_outage_of_redis_is_waited_out_and_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    def said(text: str) -> Callable[[], Awaitable[bool]]:
        async def check() -> bool:
            return text in caplog.text

        return check

    server, child = await start_redis(tmp_path)
    try:
        async with (
            connect(server.url) as own,
            Redis.from_url(server.url, decode_responses=True) as redis,
            running(a_consumer(own)) as task,
        ):
            last = await publish(redis, [ADA])
            await until(redis, last)
            await child.stop(10)
            await eventually(said("waiting for Redis"))
            await asyncio.sleep(0.3)  # several attempts
            child = await server.spawn()

            async def answering() -> bool:
                with contextlib.suppress(RedisError):
                    return bool(await redis.ping())
                return False

            await eventually(answering)
            last = await publish(redis, [PLACED], first=2)
            await until(redis, last)
            assert not task.done()
            await eventually(said("Redis is back"))
            assert caplog.text.count("waiting for Redis") == 1
            assert await redis.xlen(events_key(0)) == 2
    finally:
        await child.stop(10)
