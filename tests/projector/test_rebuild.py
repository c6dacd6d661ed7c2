"""A rebuild against a real Redis: the same read model again, while the old one serves, whatever happens meanwhile."""

import asyncio
import random
from collections.abc import Coroutine
from typing import Any

import pytest
from redis.asyncio import Redis

from projector.partition import Partition
from projector.scratch import Gone, Scratch
from projector.startup import connect
from projector.store import Checkpoint
from read_model.schema.keys import Keys, feed_key
from read_model.schema.orders import OrderRow
from tests.projector.consumers import a_consumer, checkpoint, lives
from tests.projector.contents import eventually, go_back, hash_at, remember, stream_at, wherever_published
from tests.projector.events import (
    CUSTOMER,
    PRODUCT,
    added,
    an_id,
    envelope,
    history,
    placed,
    position,
    publish,
    watermark,
)
from tests.projector.rebuilding import a_rebuild, generations, replay, rows_of, until_made
from write_model.contracts.customers import CustomerProfileUpdated, CustomerRegistered
from write_model.contracts.envelope import Envelope
from write_model.contracts.event import Event
from write_model.contracts.products import StockReserved
from write_model.contracts.streams import BEGINNING, events_key, projected_key, rebuild_key, replay_key

ADA = envelope(CUSTOMER, 1, CustomerRegistered(name="Ada", email="ada@example.com"))
KING = envelope(CUSTOMER, 2, CustomerProfileUpdated(name="Ada King", email="ada@example.com"))
STOCK = history(PRODUCT, added(), StockReserved(order_id=an_id("ord", 1), quantity=2))


def a_shop(seed: int, *, orders: int = 60) -> list[Envelope[Event]]:
    return [*STOCK, *lives(random.Random(seed), customers=5, orders=orders)]


async def complete(redis: Redis, events: list[Envelope[Event]], *, trimmed: int = 0) -> None:
    """A partition that shows the events; the oldest of them are in the stream no more."""
    consumer, last = a_consumer(redis), await publish(redis, [*events, watermark()])
    while (await checkpoint(redis)).position < last or consumer.may_have_renames:
        await consumer.step()
    await redis.xtrim(events_key(0), minid=str(position(trimmed + 1)), approximate=False)


async def test_a_rebuild_makes_the_same_again_and_lets_it_serve(redis: Redis) -> None:
    events = a_shop(1)
    await complete(redis, events, trimmed=len(events) // 2)
    before, feed = await rows_of(redis, 1), await stream_at(redis, feed_key(0))
    assert (await generations(redis).ask("rebuild")).generation == 2
    await replay(redis, events[: len(events) // 2 + 1])
    await until_made(redis, a_rebuild(redis, batch=20))
    assert await checkpoint(redis) == Checkpoint(2, position(len(events) + 1))
    assert (await rows_of(redis, 2)) == before
    assert await stream_at(redis, feed_key(0)) == feed, "nobody is told"
    assert await redis.exists(rebuild_key(0), replay_key(0)) == 0


async def test_what_was_replaced_is_dropped_when_its_grace_is_over(redis: Redis) -> None:
    events = a_shop(2, orders=300)
    await complete(redis, events)
    await generations(redis).ask("rebuild")
    await replay(redis, events[:1])
    rebuild = a_rebuild(redis)
    await until_made(redis, rebuild)
    assert await redis.keys(Keys(0, 1).all())
    while await rebuild.step():
        pass
    assert await redis.keys(Keys(0, 1).all()) == []
    assert (await rows_of(redis, 2)) != {}


async def test_what_was_replaced_stays_during_its_grace(redis: Redis) -> None:
    await complete(redis, [ADA])
    ours = generations(redis, grace_seconds=60)
    await ours.ask("rebuild")
    await redis.hset(rebuild_key(0), "position", str((await checkpoint(redis)).position))
    assert await ours.switch(2)
    assert await ours.drop_replaced() == 0
    assert (await rows_of(redis, 1)) != {}


async def test_what_serves_again_is_not_dropped(redis: Redis) -> None:
    await complete(redis, [ADA])
    await generations(redis).ask("rebuild")
    await replay(redis, [ADA])
    await until_made(redis, a_rebuild(redis))
    await redis.hset(projected_key(0), "generation", "1")  # Redis went back, and the dropper does not know yet
    before = await rows_of(redis, 1)
    assert await generations(redis).drop_replaced() == 0
    assert await rows_of(redis, 1) == before


async def test_events_go_on_meanwhile_and_the_two_meet(redis: Redis) -> None:
    events = a_shop(3)
    half = len(events) // 2
    await complete(redis, events[:half], trimmed=half // 2)
    await generations(redis).ask("rebuild")
    await replay(redis, events[: half // 2 + 1])
    live, rebuild = a_consumer(redis, batch=7), a_rebuild(redis, batch=10)
    for number, event in enumerate(events[half:], half + 2):  # behind the watermark
        await publish(redis, [event], first=number)
        await live.step()
        await rebuild.step()
    await until_made(redis, rebuild, live=live)
    assert (await checkpoint(redis)).generation == 2
    rebuilt = await rows_of(redis, 2)
    await redis.flushall()
    await complete(redis, events)
    assert wherever_published(rebuilt) == wherever_published(await rows_of(redis, 1))


async def test_the_live_consumer_goes_on_in_the_new_generation(redis: Redis) -> None:
    await complete(redis, [ADA])
    live = a_consumer(redis)
    await live.step()
    await generations(redis).ask("rebuild")
    await replay(redis, [ADA])
    await until_made(redis, a_rebuild(redis))
    order = an_id("ord", 7)
    last = await publish(redis, history(order, placed()), first=3)
    while (await checkpoint(redis)).position < last:
        await live.step()
    assert (await checkpoint(redis)).generation == 2
    assert await redis.exists(Keys(0, 2).order(order))
    assert not await redis.exists(Keys(0, 1).order(order))


async def test_a_switch_is_refused_where_the_two_do_not_stand_at_the_same_position(redis: Redis) -> None:
    await complete(redis, [ADA])
    await generations(redis).ask("rebuild")
    for other in (BEGINNING, position(1), position(3)):
        await redis.hset(rebuild_key(0), "position", str(other))
        assert not await generations(redis).switch(2)
    await redis.hset(rebuild_key(0), "position", str(position(2)))
    assert not await generations(redis).switch(3), "that is another"
    assert await generations(redis).switch(2)


async def test_a_rename_is_finished_before_the_new_generation_serves(redis: Redis) -> None:
    orders = [envelope(an_id("ord", n), 1, placed(total=10)) for n in range(20)]
    await complete(redis, [ADA, *orders, KING])
    await generations(redis).ask("rebuild")
    await replay(redis, [ADA, *orders, KING])
    rebuild = a_rebuild(redis, renamed_at_once=3)
    await rebuild.step()
    await redis.hset(projected_key(0), "position", str(position(22)))  # both stand at the last event
    assert (await generations(redis).state()).has_met
    assert not await generations(redis).switch(2), "a name is on its way"
    await until_made(redis, rebuild)
    names = {OrderRow.decode(await hash_at(redis, Keys(0, 2).order(an_id("ord", n)))) for n in range(20)}
    assert {row.summary.customer_name for row in names} == {"Ada King"}


async def test_it_waits_for_the_replay_where_the_stream_begins_later(redis: Redis) -> None:
    events = a_shop(4)
    await complete(redis, events, trimmed=len(events) // 2)
    await generations(redis).ask("rebuild")
    rebuild = a_rebuild(redis)
    for fed in (0, 5, 6):
        await redis.delete(replay_key(0))
        await replay(redis, events[:fed])
        for _ in range(3):
            await rebuild.step()
        made = (await generations(redis).state()).making
        assert made is not None
        assert made.position == (position(fed) if fed else (0, 0)), "a gap is never jumped over"


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_rebuilds_and_consumers_that_crash_at_random_end_in_the_same(
    redis: Redis, redis_url: str, seed: int
) -> None:
    rng = random.Random(seed)
    events = a_shop(seed, orders=300)
    half = len(events) // 2
    await complete(redis, events[:half], trimmed=half // 2)
    done = asyncio.Event()

    async def live() -> None:
        async with connect(redis_url) as own:
            while not done.is_set():
                await crash_soon(a_consumer(own, batch=rng.choice((5, 20))).run())

    async def rebuild() -> None:
        async with connect(redis_url) as own:
            while not done.is_set():
                await crash_soon(a_rebuild(own, batch=rng.choice((10, 40))).run())

    async def crash_soon(work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        await asyncio.wait({task}, timeout=rng.uniform(0.002, 0.05))
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled(), task

    await generations(redis).ask("rebuild")
    workers = [asyncio.create_task(work()) for work in (live, live, rebuild, rebuild)]

    async def switched() -> bool:
        return (await checkpoint(redis)).generation == 2

    try:
        await replay(redis, events[: half // 2 + 1])
        last = await publish(redis, events[half:], first=half + 2)
        await eventually(switched)

        async def there() -> bool:
            return (await checkpoint(redis)).position >= last and not await redis.exists(Keys(0, 2).renames())

        await eventually(there)
    finally:
        done.set()
        await asyncio.gather(*workers)
    rebuilt = await rows_of(redis, 2)
    await redis.flushall()
    await complete(redis, events)
    assert wherever_published(rebuilt) == wherever_published(await rows_of(redis, 1))


async def test_a_redis_that_went_back_during_a_rebuild_goes_on_from_there(redis: Redis) -> None:
    events = a_shop(5)
    await complete(redis, events, trimmed=len(events) - 1)
    await generations(redis).ask("rebuild")
    await replay(redis, events[:20])
    rebuild = a_rebuild(redis, batch=10)
    await rebuild.step()
    await remember(redis)
    await rebuild.step()
    await go_back(redis)
    await redis.delete(replay_key(0))
    await replay(redis, events[10:], first=11)
    await until_made(redis, rebuild)
    assert await rows_of(redis, 2) == await rows_of(redis, 1)


async def test_an_emptied_redis_ends_a_rebuild_and_nothing_of_it_comes_back(redis: Redis) -> None:
    events = a_shop(6)
    await complete(redis, events)
    await generations(redis).ask("rebuild")
    await replay(redis, events)
    rebuild = a_rebuild(redis, batch=10)
    await rebuild.step()
    await redis.flushall()
    await rebuild.step()
    assert await redis.keys() == []
    scratch = Scratch(redis, 0, 2)
    with pytest.raises(Gone):
        await scratch.checkpoint()
    with pytest.raises(Gone):
        await scratch.read(Checkpoint(2, position(1)), [], [])
    with pytest.raises(Gone):
        await scratch.next_rename(Checkpoint(2, position(1)), 1)


async def test_a_rebuild_that_fails_is_tried_again_and_ends_nothing(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    await complete(redis, [ADA])
    await generations(redis).ask("rebuild")
    await replay(redis, [ADA])
    await redis.hset(rebuild_key(0), "position", "nonsense")
    work = Partition(a_consumer(redis), a_rebuild(redis))
    running = asyncio.create_task(work.run())

    async def said() -> bool:
        return "a new generation cannot be made" in caplog.text

    await eventually(said)
    assert not running.done()
    await redis.hset(rebuild_key(0), "position", "0-0")

    async def switched() -> bool:
        return (await checkpoint(redis)).generation == 2

    await eventually(switched)
    work.stop()
    await running
