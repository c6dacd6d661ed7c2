"""A customer's new name in their orders: in bounded steps, whatever happens between them."""

import asyncio
import random

import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from projector.incoming import Entry
from projector.startup import connect
from projector.store import Stale, Step, Store
from projector.writes import Writes
from read_model.schema.orders import OrderRow
from tests.projector.consumers import a_consumer, checkpoint, until
from tests.projector.contents import eventually, hash_at, ranked_at
from tests.projector.events import CUSTOMER, an_id, envelope, history, placed, publish
from tests.projector.story import KEYS, Story, given
from write_model.contracts.customers import CustomerProfileUpdated, CustomerRegistered
from write_model.contracts.envelope import Envelope
from write_model.contracts.event import Event
from write_model.contracts.orders import OrderConfirmed, OrderCreated
from write_model.contracts.streams import Position

ADA, KING, LOVELACE = history(
    CUSTOMER,
    CustomerRegistered(name="Ada", email="ada@example.com"),
    CustomerProfileUpdated(name="Ada King", email="ada@example.com"),
    CustomerProfileUpdated(name="Ada Lovelace", email="ada@example.com"),
)
EMAIL = CustomerProfileUpdated(name="Ada King", email="a@example.com")


def orders(count: int, first: int = 0) -> list[Envelope[Event]]:
    """The first events of so many orders."""
    return [envelope(an_id("ord", n), 1, placed(total=10)) for n in range(first, first + count)]


def names(story: Story, count: int) -> list[str]:
    return [story.order(an_id("ord", n)).summary.customer_name for n in range(count)]


def test_the_customers_row_changes_at_once_and_the_orders_follow_step_by_step() -> None:
    story = given(ADA, *orders(5)).step([KING])
    assert story.customer(CUSTOMER).name == "Ada King"
    seen = [names(story, 5).count("Ada King")]
    while story.carry_on(2):
        seen.append(names(story, 5).count("Ada King"))
    assert seen == [0, 2, 4, 5]
    assert KEYS.renames() not in story.listed()


def test_nothing_but_the_name_changes_and_nothing_is_announced() -> None:
    first, second = history(an_id("ord", 0), placed(total=10), OrderConfirmed(customer_id=CUSTOMER))
    story = given(ADA, first, second)
    before = story.order(an_id("ord", 0))
    story.step([KING])
    story.carry_on()
    after = story.order(an_id("ord", 0))
    assert after.summary.customer_name == "Ada King"
    assert (after.lines, after.address, after.timeline) == (before.lines, before.address, before.timeline)
    assert after.summary.version == before.summary.version
    assert story.notices == []


def test_a_customer_without_orders_is_done_in_one_step() -> None:
    story = given(ADA).step([KING])
    assert story.carry_on()
    assert not story.carry_on()


def test_two_renames_in_a_row_end_in_the_last_name() -> None:
    story = given(ADA, *orders(5)).step([KING])
    story.carry_on(2)
    story.step([LOVELACE])
    while story.carry_on(2):
        pass
    assert names(story, 5) == ["Ada Lovelace"] * 5


def test_orders_that_come_in_between_do_not_make_it_pass_any_over() -> None:
    story = given(ADA, *orders(4, first=4)).step([KING])
    story.carry_on(2)
    # Made on a machine whose clock is behind: they sort before those that are done.
    story.step(orders(2))
    while story.carry_on(2):
        pass
    assert [story.order(an_id("ord", n)).summary.customer_name for n in (0, 1, *range(4, 8))] == ["Ada King"] * 6


@settings(max_examples=150, deadline=None)
@examples(st.lists(st.sampled_from(["order", "draft", "rename", "email", "carry on"]), max_size=25))
def test_whatever_the_order_of_things_every_order_ends_with_the_last_name(happened: list[str]) -> None:
    story, version, number, name = given(ADA), 1, 0, "Ada"
    for what in happened:
        match what:
            case "carry on":
                story.carry_on()
            case "rename" | "email":
                version += 1
                name = f"Ada {version}" if what == "rename" else name
                update = CustomerProfileUpdated(name=name, email=f"{version}@example.com")
                story.step([envelope(CUSTOMER, version, update)])
            case _:
                event = placed(total=10) if what == "order" else OrderCreated(customer_id=CUSTOMER, currency="EUR")
                story.step([envelope(an_id("ord", number), 1, event)])
                number += 1
    while story.carry_on():
        pass
    assert names(story, number) == [name] * number


async def names_in(redis: Redis, count: int) -> list[str]:
    rows = [OrderRow.decode(await hash_at(redis, KEYS.order(an_id("ord", n)))) for n in range(count)]
    return [row.summary.customer_name for row in rows]


async def test_a_consumer_takes_in_news_between_the_steps_of_a_rename(redis: Redis) -> None:
    consumer = a_consumer(redis, renamed_at_once=2)
    await publish(redis, [ADA, *orders(5), KING])
    await consumer.step()
    assert (await names_in(redis, 5)).count("Ada King") == 2
    last = await publish(redis, orders(1, first=5), first=8)
    await consumer.step()
    assert (await checkpoint(redis)).position == last
    assert (await names_in(redis, 6)).count("Ada King") == 5
    await consumer.step()
    assert await names_in(redis, 6) == ["Ada King"] * 6
    await consumer.step()
    assert await redis.exists(KEYS.renames()) == 0


async def test_a_rename_that_a_crash_interrupted_is_carried_on_by_another_consumer(redis: Redis) -> None:
    await publish(redis, [ADA, *orders(5), KING])
    await a_consumer(redis, renamed_at_once=2).step()
    other = a_consumer(redis, renamed_at_once=2)
    for _ in range(2):
        await other.step()
    assert await names_in(redis, 5) == ["Ada King"] * 5


async def test_a_step_of_a_rename_that_somebody_else_has_done_is_refused(redis: Redis) -> None:
    await publish(redis, [ADA, *orders(5), KING])
    await a_consumer(redis, renamed_at_once=1).step()
    store = Store(redis, 0, feed_retention_ms=1_000)
    start = await store.checkpoint()
    rename = await store.next_rename(start, 2)
    assert rename is not None
    assert not isinstance(rename, Stale)
    assert (rename.done, list(rename.orders), rename.is_last) == (1, [an_id("ord", 1), an_id("ord", 2)], False)
    await a_consumer(redis, renamed_at_once=1).step()
    writes = Writes()
    writes.members[KEYS.renames()][CUSTOMER] = 3
    now = await store.checkpoint()
    assert await store.apply(Step(start, start.position, False, writes, (), rename)) == Stale(now)
    assert await ranked_at(redis, KEYS.renames()) == [(CUSTOMER, 2.0)]


class Late(Store):
    """Reads the stream before anything is there."""

    async def entries_after(self, position: Position, *, count: int, block_ms: int | None) -> list[Entry]:
        return []


async def test_an_event_read_before_its_order_was_given_the_new_name_does_not_bring_the_old_one_back(
    redis: Redis,
) -> None:
    first, second = history(an_id("ord", 1), placed(total=10), OrderConfirmed(customer_id=CUSTOMER))
    await publish(redis, [ADA, *orders(1), first, KING])
    await a_consumer(redis, renamed_at_once=1).step()
    assert await names_in(redis, 2) == ["Ada King", "Ada"]
    last = await publish(redis, [second], first=5)
    other = a_consumer(redis, store=Late(redis, 0, feed_retention_ms=1_000))

    class Overtaken(Store):
        """Comes to write only after the other has carried the rename on."""

        async def apply(self, step: Step) -> Stale | None:
            if not step.rename:
                await other.step()
            return await super().apply(step)

    ours = a_consumer(redis, store=Overtaken(redis, 0, feed_retention_ms=1_000))
    for _ in range(2):
        await ours.step()
    assert (await checkpoint(redis)).position == last
    assert await names_in(redis, 2) == ["Ada King"] * 2


async def test_a_rename_at_another_checkpoint_is_refused(redis: Redis) -> None:
    await publish(redis, [ADA, *orders(1), KING])
    await a_consumer(redis, renamed_at_once=1).step()
    store = Store(redis, 0, feed_retention_ms=1_000)
    start = await store.checkpoint()
    rename = await store.next_rename(start, 1)
    assert not isinstance(rename, Stale)
    await publish(redis, [LOVELACE], first=4)
    await a_consumer(redis).step()
    now = await store.checkpoint()
    assert await store.next_rename(start, 1) == Stale(now)
    assert await store.apply(Step(start, start.position, False, Writes(), (), rename)) == Stale(now)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_four_consumers_that_crash_at_random_end_in_the_right_names_by_bounded_steps(
    redis: Redis, redis_url: str, seed: int
) -> None:
    rng = random.Random(seed)
    count, at_once = 300, 7
    owners = [an_id("cus", n) for n in range(3)]
    queues = [
        history(
            id,
            CustomerRegistered(name="first", email="a@example.com"),
            *(CustomerProfileUpdated(name=f"name {n} of {id}", email="a@example.com") for n in range(3)),
        )
        for id in owners
    ]
    events: list[Envelope[Event]] = [queue.pop(0) for queue in queues]
    owner_of = {an_id("ord", n): rng.choice(owners) for n in range(count)}
    for n, (id, owner) in enumerate(owner_of.items(), 1):
        events.append(envelope(id, 1, placed(total=10, customer_id=owner)))
        if n % 30 == 0 and (left := [queue for queue in queues if queue]):
            events.append(rng.choice(left).pop(0))
    events += [event for queue in queues for event in queue]
    last = await publish(redis, events)
    done = asyncio.Event()
    most = 0

    class Counting(Store):
        """Sees how many rows a step of a rename writes."""

        async def apply(self, step: Step) -> Stale | None:
            nonlocal most
            if step.rename:
                most = max(most, len(step.writes.rows))
            return await super().apply(step)

    async def work() -> None:
        async with connect(redis_url) as own:
            while not done.is_set():
                store = Counting(own, 0, feed_retention_ms=3_600_000)
                consumer = a_consumer(own, batch=rng.choice((5, 20)), renamed_at_once=at_once, store=store)
                task = asyncio.create_task(consumer.run())
                await asyncio.wait({task}, timeout=rng.uniform(0.002, 0.05))
                task.cancel()
                await asyncio.wait({task})
                assert task.cancelled(), task

    workers = [asyncio.create_task(work()) for _ in range(4)]

    async def all_done() -> bool:
        return not await redis.exists(KEYS.renames())

    try:
        await until(redis, last)
        await eventually(all_done)
    finally:
        done.set()
        await asyncio.gather(*workers)
    assert 0 < most <= at_once
    for id, owner in owner_of.items():
        row = OrderRow.decode(await hash_at(redis, KEYS.order(id)))
        assert row.summary.customer_name == f"name 2 of {owner}"
