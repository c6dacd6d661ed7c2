"""Consumers at work in the tests, and long histories for them."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from projector.consumer import REMEMBERED, Consumer
from projector.startup import step_id
from projector.store import Checkpoint, Store
from tests.projector.contents import eventually
from tests.projector.events import an_id, envelope, history, placed
from write_model.contracts.customers import CustomerRegistered
from write_model.contracts.envelope import Envelope
from write_model.contracts.event import Event
from write_model.contracts.orders import OrderCancelled, OrderConfirmed, OrderCreated, OrderDelivered, OrderShipped
from write_model.contracts.streams import Position


def a_consumer(
    redis: Redis,
    *,
    batch: int = 500,
    renamed_at_once: int = 200,
    retried_at_once: int = 500,
    remembered: int = REMEMBERED,
    block_ms: int = 1,
    store: Store | None = None,
) -> Consumer:
    return Consumer(
        store or Store(redis, 0, feed_retention_ms=3_600_000),
        0,
        shop_currency="EUR",
        step_id=step_id,
        block_ms=block_ms,
        batch=batch,
        renamed_at_once=renamed_at_once,
        retried_at_once=retried_at_once,
        remembered=remembered,
    )


async def checkpoint(redis: Redis) -> Checkpoint:
    """Where the partition stands, whatever step came there."""
    return (await Store(redis, 0, feed_retention_ms=1).checkpoint())._replace(step="")


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
        drafted: Sequence[Event] = [OrderCreated(customer_id=owner, currency="EUR")] if rng.random() < 0.3 else []
        total = rng.randint(1, 10_000)
        life = [*drafted, placed(total=total, customer_id=owner), *rng.choice(ways)]
        if drafted and rng.random() < 0.3:
            life = [*drafted, OrderCancelled(customer_id=owner, reason="OTHER")]
        queues.append(history(an_id("ord", n), *life))
    mixed = [envelope(id, 1, CustomerRegistered(name=id, email="a@example.com")) for id in owners]
    while queues:
        queue = rng.choice(queues)
        mixed.append(queue.pop(0))
        if not queue:
            queues.remove(queue)
    return mixed
