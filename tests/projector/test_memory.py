"""What a consumer remembers of its own steps is never anything else than what stands in Redis."""

import contextlib
import random
from collections.abc import Sequence
from typing import Any

import pytest
from redis.asyncio import Redis

from projector.consumer import Consumer
from projector.reaching import Unavailable
from projector.rows import OpenOrder, RowId
from projector.store import Checkpoint, Read, Stale, Step, Store
from read_model.schema.customers import CustomerRow
from read_model.schema.orders import OrderSummary
from tests.projector.asking import ADA, CONFIRMED, DELIVERED, PLACED, SHIPPED
from tests.projector.consumers import a_consumer, checkpoint, lives
from tests.projector.contents import everything, go_back, hash_at, parked_at, remember
from tests.projector.events import CUSTOMER, ORDER, PRODUCT, added, an_id, entry, envelope, history, placed, publish
from tests.projector.story import KEYS
from write_model.contracts.customers import CustomerProfileUpdated, CustomerRegistered
from write_model.contracts.envelope import Envelope
from write_model.contracts.event import Event
from write_model.contracts.orders import OrderConfirmed
from write_model.contracts.products import StockReserved
from write_model.contracts.streams import Position

THEIRS: RowId = (CustomerRow, CUSTOMER)
ITS: RowId = (OpenOrder, ORDER)


class Watched(Store):
    """Knows what it was asked for. `loses`: the next step is lost "before" it was applied, or its answer "after"."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis, 0, feed_retention_ms=3_600_000)
        self.asked: list[tuple[list[RowId], list[str]]] = []
        self.loses = ""

    async def read(self, start: Checkpoint, rows: Sequence[RowId], aggregate_ids: Sequence[str]) -> Read | Stale:
        self.asked.append((list(rows), list(aggregate_ids)))
        return await super().read(start, rows, aggregate_ids)

    async def apply(self, step: Step) -> Stale | None:
        loses, self.loses = self.loses, ""
        if loses == "before":
            raise Unavailable("lost")
        refused = await super().apply(step)
        if loses == "after":
            raise Unavailable("the answer was lost")
        return refused


async def summary_of(redis: Redis) -> OrderSummary:
    return OrderSummary.decode((await hash_at(redis, KEYS.order(ORDER)))["summary"])


async def test_what_the_last_steps_left_is_not_read_again(redis: Redis) -> None:
    store = Watched(redis)
    consumer = a_consumer(redis, store=store)
    for number, event in enumerate((ADA, PLACED, CONFIRMED), 1):
        await publish(redis, [event], first=number)
        await consumer.step()
    # Since the first read it is known that nothing is parked, which needs no aggregates any more.
    assert store.asked == [([THEIRS], [CUSTOMER]), ([ITS], [])]
    assert (await summary_of(redis)).status == "CONFIRMED"


async def test_no_more_rows_are_remembered_than_asked_for_the_last_touched(redis: Redis) -> None:
    store = Watched(redis)
    consumer = a_consumer(redis, store=store, remembered=1)
    for number, event in enumerate((ADA, PLACED, CONFIRMED), 1):
        await publish(redis, [event], first=number)
        await consumer.step()
    assert store.asked == [([THEIRS], [CUSTOMER]), ([ITS], []), ([ITS], [])]


async def test_what_an_order_has_written_is_not_written_again(redis: Redis) -> None:
    written: list[set[str]] = []

    class Writing(Watched):
        async def apply(self, step: Step) -> Stale | None:
            written.append({name for row in step.writes.rows.values() for name in row.encode()})
            return await super().apply(step)

    consumer = a_consumer(redis, store=Writing(redis))
    for number, event in enumerate((ADA, PLACED, CONFIRMED), 1):
        await publish(redis, [event], first=number)
        await consumer.step()
    assert written[-2:] == [{"summary", "timeline", "lines", "address", "shipment"}, {"summary", "timeline"}]


@pytest.mark.parametrize("loses", ["before", "after"])
async def test_after_a_lost_step_everything_is_read_again(redis: Redis, loses: str) -> None:
    store = Watched(redis)
    consumer = a_consumer(redis, store=store)
    await publish(redis, [ADA, PLACED])
    await consumer.step()
    last = await publish(redis, [CONFIRMED], first=3)
    store.loses = loses
    with pytest.raises(Unavailable):
        await consumer.step()
    last = await publish(redis, [SHIPPED], first=4)
    for _ in range(2):
        await consumer.step()
    assert await checkpoint(redis) == Checkpoint(1, last)
    assert len(store.asked) > 1
    assert store.asked[-1] == ([ITS], [ORDER])
    assert ((await summary_of(redis)).status, (await summary_of(redis)).version) == ("SHIPPED", 3)


@pytest.mark.parametrize("learns", ["where nothing arrives", "by a refusal"])
async def test_of_a_redis_that_came_to_the_same_position_by_other_steps_nothing_is_remembered(
    redis: Redis, learns: str
) -> None:
    ours = a_consumer(redis)
    await remember(redis)
    await publish(redis, [ADA, PLACED])
    await ours.step()
    await go_back(redis)
    other = envelope(CUSTOMER, 1, CustomerRegistered(name="Augusta", email="ada@example.com"))
    await publish(redis, [other, PLACED])
    await a_consumer(redis).step()
    if learns == "where nothing arrives":
        await ours.step()
    again, _ = history(an_id("ord", 2), placed(total=10), OrderConfirmed(customer_id=CUSTOMER))
    last = await publish(redis, [again], first=3)
    for _ in range(2):
        await ours.step()
    assert await checkpoint(redis) == Checkpoint(1, last)
    theirs = CustomerRow.decode(await hash_at(redis, KEYS.customer(CUSTOMER)))
    assert (theirs.name, theirs.order_count, theirs.total_spent) == ("Augusta", 2, 2000)


async def test_what_somebody_else_parked_meanwhile_is_not_overtaken(redis: Redis) -> None:
    ours, other = a_consumer(redis), a_consumer(redis)
    await publish(redis, [ADA, PLACED])
    await ours.step()
    await publish(redis, [{**entry(CONFIRMED), "schema": "99"}], first=3)
    for _ in range(4):
        await other.step()
    last = await publish(redis, [SHIPPED, DELIVERED], first=4)
    for _ in range(3):
        await ours.step()
    assert await checkpoint(redis) == Checkpoint(1, last)
    assert len(await parked_at(redis)) == 3
    assert (await summary_of(redis)).status == "PLACED"


async def test_what_was_parked_in_an_own_step_holds_back_what_follows(redis: Redis) -> None:
    consumer = a_consumer(redis)
    await publish(redis, [ADA, PLACED])
    await consumer.step()
    await publish(redis, [{**entry(CONFIRMED), "schema": "99"}], first=3)
    for _ in range(3):
        await consumer.step()
    last = await publish(redis, [SHIPPED], first=4)
    await consumer.step()
    assert await checkpoint(redis) == Checkpoint(1, last)
    assert len(await parked_at(redis)) == 2


def a_busy_past(rng: random.Random) -> list[Envelope[Event] | dict[str, str]]:
    """Orders, stock, names that change, and entries that nobody can read."""
    past: list[Envelope[Event] | dict[str, str]] = [*lives(rng, customers=4, orders=60)]
    stock = history(PRODUCT, added(stock=500), *(StockReserved(order_id=ORDER, quantity=1) for _ in range(40)))
    names = [CustomerProfileUpdated(name=f"Name {n}", email="a@example.com") for n in range(3)]
    renamed = [envelope(an_id("cus", 0), version, name) for version, name in enumerate(names, 2)]
    for more in (stock, renamed):
        for at, one in zip(sorted(rng.sample(range(4, len(past)), len(more))), more, strict=True):
            past.insert(at, one)
    for at in rng.sample(range(10, len(past)), 2):
        if isinstance(event := past[at], Envelope):
            past[at] = {**entry(event), "schema": "99"}
    return past


async def finish(redis: Redis, last: Position, consumer: Consumer) -> None:
    """Step until everything is taken in, and every name is in all orders."""
    for _ in range(1_000):
        await consumer.step()
        if (await checkpoint(redis)).position == last and not await redis.exists(KEYS.renames()):
            return
    raise AssertionError("never reached")


async def shown(redis: Redis) -> dict[str, Any]:
    return {key: value for key, value in (await everything(redis)).items() if ":1:" in key}


@pytest.mark.parametrize("seed", range(3))
async def test_rows_are_those_of_a_consumer_that_remembers_nothing_whatever_happens(redis: Redis, seed: int) -> None:
    """Consumers that remember much, little and nothing; steps and answers that are lost; a Redis that goes back."""
    rng = random.Random(seed)
    past = a_busy_past(rng)
    last = await publish(redis, past)
    await finish(redis, last, a_consumer(redis, remembered=0))
    expected = await shown(redis)

    await redis.flushall()
    await publish(redis, past)
    stores = [Watched(redis) for _ in range(3)]
    consumers = [
        a_consumer(redis, store=store, remembered=most, batch=rng.choice((3, 8)), renamed_at_once=5)
        for store, most in zip(stores, (500, 5, 0), strict=True)
    ]
    await remember(redis)
    for _ in range(120):
        who = rng.choice((0, 0, 0, 1, 2))
        match rng.random():
            case chance if chance < 0.05:
                stores[who].loses = rng.choice(("before", "after"))
            case chance if chance < 0.08:
                await remember(redis)
            case chance if chance < 0.10:
                await go_back(redis)
        with contextlib.suppress(Unavailable):
            await consumers[who].step()
    await finish(redis, last, consumers[0])
    assert await shown(redis) == expected
