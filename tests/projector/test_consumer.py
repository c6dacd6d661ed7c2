"""The consumer against a real Redis: every event once in effect, whatever happens between reading and applying."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from projector.consumer import Consumer
from projector.startup import connect
from projector.store import Checkpoint, Store
from read_model.schema.changes import decode_change
from read_model.schema.customers import CustomerRow
from read_model.schema.keys import feed_key
from read_model.schema.orders import OrderRow
from stack.embedded import start_redis
from tests.projector.contents import eventually, everything, hash_at, ranked_at, stream_at
from tests.projector.events import CUSTOMER, ORDER, an_id, envelope, history, placed, position, publish, watermark
from tests.projector.story import KEYS
from write_model.contracts.customers import CustomerRegistered
from write_model.contracts.envelope import Envelope
from write_model.contracts.event import Event
from write_model.contracts.orders import OrderCancelled, OrderConfirmed, OrderDelivered, OrderShipped
from write_model.contracts.streams import BEGINNING, Position, events_key, projected_key

ADA = envelope(CUSTOMER, 1, CustomerRegistered(name="Ada", email="ada@example.com"))
PLACED, CONFIRMED = history(ORDER, placed(total=1990), OrderConfirmed(customer_id=CUSTOMER))


def a_consumer(redis: Redis, *, batch: int = 500) -> Consumer:
    store = Store(redis, 0, feed_retention_ms=3_600_000)
    return Consumer(store, 0, shop_currency="EUR", block_ms=1, batch=batch)


async def checkpoint(redis: Redis) -> Checkpoint:
    return await Store(redis, 0, feed_retention_ms=1).checkpoint()


async def until(redis: Redis, reached: Position) -> None:
    """Wait until the checkpoint is there."""

    async def there() -> bool:
        return (await checkpoint(redis)).position >= reached

    await eventually(there)


@asynccontextmanager
async def running(consumer: Consumer) -> AsyncIterator[asyncio.Task[None]]:
    """The consumer at work during the block, stopped after it."""
    task = asyncio.create_task(consumer.run())
    try:
        yield task
    finally:
        consumer.stop()
        await task


async def test_a_step_takes_in_what_is_there(redis: Redis) -> None:
    last = await publish(redis, [ADA, PLACED, CONFIRMED])
    await a_consumer(redis).step()
    assert await hash_at(redis, projected_key(0)) == {"generation": "1", "position": str(last)}
    assert OrderRow.decode(await hash_at(redis, KEYS.order(ORDER))).summary.status == "CONFIRMED"
    assert CustomerRow.decode(await hash_at(redis, KEYS.customer(CUSTOMER))).total_spent == 1990
    feed = [(id, decode_change(fields["change"])) for id, fields in await stream_at(redis, feed_key(0))]
    assert [(id, change and change.status) for id, change in feed] == [
        (str(position(2)), "PLACED"),
        (str(position(3)), "CONFIRMED"),
    ]


async def test_a_watermark_moves_the_checkpoint_and_completes_the_partition(redis: Redis) -> None:
    consumer = a_consumer(redis)
    await publish(redis, [ADA])
    await consumer.step()
    assert "complete" not in await hash_at(redis, projected_key(0))
    reached = await publish(redis, [watermark()], first=2)
    await consumer.step()
    assert await hash_at(redis, projected_key(0)) == {"generation": "1", "position": str(reached), "complete": "1"}
    assert (await stream_at(redis, feed_key(0)))[-1] == (str(reached), {"change": ""})


def lives(rng: random.Random, *, customers: int, orders: int) -> list[Envelope[Event]]:
    """Whole lives of many orders, mixed."""
    owners = [an_id("cus", n) for n in range(customers)]
    queues = []
    for n in range(orders):
        owner = rng.choice(owners)
        ways: Sequence[Sequence[Event]] = (
            [OrderCancelled(customer_id=owner, reason="OTHER")],
            [OrderConfirmed(customer_id=owner), OrderCancelled(customer_id=owner, reason="FRAUD")],
            [
                OrderConfirmed(customer_id=owner),
                OrderShipped(customer_id=owner, carrier="DHL", tracking_number=str(n)),
                OrderDelivered(customer_id=owner),
            ],
        )
        total = rng.randint(1, 10_000)
        queues.append(history(an_id("ord", n), placed(total=total, customer_id=owner), *rng.choice(ways)))
    mixed = [envelope(id, 1, CustomerRegistered(name=id, email="a@example.com")) for id in owners]
    while queues:
        queue = rng.choice(queues)
        mixed.append(queue.pop(0))
        if not queue:
            queues.remove(queue)
    return mixed


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_four_consumers_at_once_that_crash_at_random_project_every_event_once(
    redis: Redis, redis_url: str, seed: int
) -> None:
    rng = random.Random(seed)
    events = lives(rng, customers=20, orders=1_000)
    last = await publish(redis, events)
    done = asyncio.Event()
    crashes = 0

    async def work() -> None:
        nonlocal crashes
        async with connect(redis_url) as own:
            while not done.is_set():
                task = asyncio.create_task(a_consumer(own, batch=rng.choice((10, 30, 70))).run())
                await asyncio.wait({task}, timeout=rng.uniform(0.001, 0.05))
                task.cancel()
                await asyncio.wait({task})
                assert task.cancelled(), task
                crashes += 1

    workers = [asyncio.create_task(work()) for _ in range(4)]
    try:
        await until(redis, last)
    finally:
        done.set()
        await asyncio.gather(*workers)

    assert crashes > 4, "nobody crashed before the end"
    assert await checkpoint(redis) == Checkpoint(1, last)
    await assert_exact(redis, events)


async def assert_exact(redis: Redis, events: list[Envelope[Event]]) -> None:
    """Totals, lists and feed are what the events say, counted here without any of the projector's code."""
    owner, total, status = dict[str, str](), dict[str, int](), dict[str, str]()
    announced = list[tuple[str, str, int]]()
    for number, event in enumerate(events, 1):
        id = event.aggregate_id
        match type(event.event).__name__, event.event:
            case "OrderPlaced", happened:
                owner[id], total[id] = vars(happened)["customer_id"], vars(happened)["total"]
        if id in owner:
            status[id] = type(event.event).__name__.removeprefix("Order").upper()
            announced.append((str(position(number)), id, event.version))
    counting = [id for id in owner if status[id] != "CANCELLED"]
    for customer_id in {event.aggregate_id for event in events if event.aggregate_id.startswith("cus")}:
        row = CustomerRow.decode(await hash_at(redis, KEYS.customer(customer_id)))
        theirs = [id for id in counting if owner[id] == customer_id]
        assert (row.order_count, row.total_spent) == (len(theirs), sum(total[id] for id in theirs)), customer_id
        every = sorted(id for id in owner if owner[id] == customer_id)
        assert [id for id, _ in await ranked_at(redis, KEYS.orders(customer_id=customer_id))] == every
    assert [id for id, _ in await ranked_at(redis, KEYS.orders())] == sorted(owner)
    for value in {"PLACED", "CONFIRMED", "SHIPPED", "DELIVERED", "CANCELLED"}:
        listed = [id for id, _ in await ranked_at(redis, KEYS.orders(status=value))]
        assert listed == sorted(id for id in owner if status[id] == value)
    for id in owner:
        order = OrderRow.decode(await hash_at(redis, KEYS.order(id)))
        assert (order.summary.status, len(order.timeline)) == (status[id], order.summary.version)
    feed = [(id, decode_change(fields["change"])) for id, fields in await stream_at(redis, feed_key(0))]
    assert [(id, change.order_id, change.version) for id, change in feed if change] == announced


async def test_a_stream_that_repeats_itself_changes_nothing(redis: Redis) -> None:
    events = lives(random.Random(4), customers=3, orders=40)
    await publish(redis, events)
    await a_consumer(redis).step()
    rows = {key: value for key, value in (await everything(redis)).items() if ":1:" in key}
    await publish(redis, [*events, *events], first=len(events) + 1)
    last = position(3 * len(events))
    consumer = a_consumer(redis, batch=17)
    while (await checkpoint(redis)).position < last:
        await consumer.step()
    assert {key: value for key, value in (await everything(redis)).items() if ":1:" in key} == rows
    assert await redis.xlen("{p0}:parked") == 0


async def remember(redis: Redis) -> None:
    """Copy everything aside, as it is now."""
    for key in await redis.keys():
        await redis.copy(str(key), str(key), destination_db="1")


async def go_back(redis: Redis) -> None:
    """Redis is what `remember` saw: what a failover to a lagging replica, or a lost end of its log, looks like."""
    await redis.swapdb(0, 1)


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


async def test_a_stopped_consumer_ends_at_once_and_leaves_a_whole_step(redis: Redis, redis_url: str) -> None:
    last = await publish(redis, [ADA, PLACED])
    async with connect(redis_url) as own:
        consumer = Consumer(Store(own, 0, feed_retention_ms=1), 0, shop_currency="EUR", block_ms=1_000_000)

        async def waiting() -> bool:
            return bool((await redis.info("clients"))["blocked_clients"])

        async with running(consumer):
            await until(redis, last)
            await eventually(waiting)
            told = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - told < 4, "the connection was patient for longer than that"
    assert await checkpoint(redis) == Checkpoint(1, last)


async def test_a_consumer_that_is_stopped_before_it_runs_does_nothing(redis: Redis) -> None:
    consumer = a_consumer(redis)
    await publish(redis, [ADA])
    consumer.stop()
    await consumer.run()
    assert await checkpoint(redis) == Checkpoint(1, BEGINNING)


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
