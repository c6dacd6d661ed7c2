"""The consumer against a real Redis: every event once in effect, whatever happens between reading and applying."""

import asyncio
import random

import pytest
from redis.asyncio import Redis

from projector.startup import connect
from projector.store import FEED_BEGINNING, Checkpoint
from read_model.schema.changes import OrderChanged, decode_changes
from read_model.schema.customers import CustomerRow
from read_model.schema.keys import feed_key
from read_model.schema.orders import STATUSES, OrderRow
from tests.projector.consumers import a_consumer, checkpoint, lives, running, until
from tests.projector.contents import eventually, everything, hash_at, ranked_at, stream_at
from tests.projector.events import CUSTOMER, ORDER, envelope, history, placed, position, publish, watermark
from tests.projector.story import KEYS
from write_model.contracts.customers import CustomerRegistered
from write_model.contracts.envelope import Envelope
from write_model.contracts.event import Event
from write_model.contracts.orders import OrderConfirmed
from write_model.contracts.streams import BEGINNING, projected_key

ADA = envelope(CUSTOMER, 1, CustomerRegistered(name="Ada", email="ada@example.com"))
PLACED, CONFIRMED = history(ORDER, placed(total=1990), OrderConfirmed(customer_id=CUSTOMER))


async def test_a_step_takes_in_what_is_there(redis: Redis) -> None:
    last = await publish(redis, [ADA, PLACED, CONFIRMED])
    await a_consumer(redis).step()
    assert await checkpoint(redis) == Checkpoint(1, last)
    assert OrderRow.decode(await hash_at(redis, KEYS.order(ORDER))).summary.status == "CONFIRMED"
    assert CustomerRow.decode(await hash_at(redis, KEYS.customer(CUSTOMER))).total_spent == 1990
    beginning, *feed = [(id, decode_changes(fields["change"])) for id, fields in await stream_at(redis, feed_key(0))]
    assert beginning == (str(FEED_BEGINNING), ())
    assert [
        (id, [isinstance(change, OrderChanged) and change.status for change in changes]) for id, changes in feed
    ] == [
        (str(position(2)), ["PLACED"]),
        (str(position(3)), ["CONFIRMED"]),
    ]


async def test_a_watermark_moves_the_checkpoint_and_completes_the_partition(redis: Redis) -> None:
    consumer = a_consumer(redis)
    await publish(redis, [ADA])
    await consumer.step()
    assert "complete" not in await hash_at(redis, projected_key(0))
    reached = await publish(redis, [watermark()], first=2)
    await consumer.step()
    assert await checkpoint(redis) == Checkpoint(1, reached)
    assert "complete" in await hash_at(redis, projected_key(0))
    assert (await stream_at(redis, feed_key(0)))[-1] == (str(reached), {"change": ""})


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
    announced, placed_on = list[tuple[str, str, int]](), dict[str, str]()
    for number, event in enumerate(events, 1):
        id = event.aggregate_id
        match type(event.event).__name__, event.event:
            case "OrderCreated", happened:
                owner[id] = vars(happened)["customer_id"]
            case "OrderPlaced", happened:
                owner[id], total[id] = vars(happened)["customer_id"], vars(happened)["total"]
                placed_on[id] = event.occurred_at.date().isoformat()
        if id in owner:
            status[id] = type(event.event).__name__.removeprefix("Order").upper().replace("CREATED", "DRAFT")
            announced.append((str(position(number)), id, event.version))
    counting = [id for id in total if status[id] != "CANCELLED"]
    sold = dict[str, int]()
    for id in counting:
        for what, by in (("orders", 1), ("items", 1), ("revenue", total[id])):
            field = f"{placed_on[id]}:{what}"
            sold[field] = sold.get(field, 0) + by
    sales = await hash_at(redis, KEYS.sales("EUR"))
    assert {field: int(value) for field, value in sales.items() if value != "0"} == sold
    for customer_id in {event.aggregate_id for event in events if event.aggregate_id.startswith("cus")}:
        row = CustomerRow.decode(await hash_at(redis, KEYS.customer(customer_id)))
        theirs = [id for id in counting if owner[id] == customer_id]
        assert (row.order_count, row.total_spent) == (len(theirs), sum(total[id] for id in theirs)), customer_id
        every = sorted(id for id in owner if owner[id] == customer_id)
        assert [id for id, _ in await ranked_at(redis, KEYS.orders(customer_id=customer_id))] == every
    assert [id for id, _ in await ranked_at(redis, KEYS.orders())] == sorted(owner)
    for value in STATUSES:
        listed = [id for id, _ in await ranked_at(redis, KEYS.orders(status=value))]
        assert listed == sorted(id for id in owner if status[id] == value)
    for id in owner:
        order = OrderRow.decode(await hash_at(redis, KEYS.order(id)))
        assert (order.summary.status, len(order.timeline)) == (status[id], order.summary.version)
    feed = [(id, decode_changes(fields["change"])) for id, fields in await stream_at(redis, feed_key(0))]
    assert [(id, change.about, change.version) for id, changes in feed for change in changes] == announced


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
    assert await redis.zcard(KEYS.parked()) == 0


async def test_a_stopped_consumer_ends_at_once_and_leaves_a_whole_step(redis: Redis, redis_url: str) -> None:
    last = await publish(redis, [ADA, PLACED])
    async with connect(redis_url) as own:
        consumer = a_consumer(own, block_ms=1_000_000)

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
