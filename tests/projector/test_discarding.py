"""Parked events, given up on request against a real Redis: skipped in their turn, and nothing else."""

from typing import Any

from redis.asyncio import Redis

from read_model.schema.keys import requests_key
from read_model.schema.parked import REASON
from read_model.schema.requests import Answer, Ask, Outcome, Request
from tests.projector.asking import (
    ADA,
    CONFIRMED,
    DELIVERED,
    HELD,
    PLACED,
    SHIPPED,
    UNKNOWN,
    answer,
    ask,
    order,
    project,
    said,
)
from tests.projector.consumers import a_consumer
from tests.projector.contents import everything, parked_at
from tests.projector.events import (
    ORDER,
    entry,
    position,
    watermark,
)
from write_model.contracts.envelope import Tombstone
from write_model.contracts.given_up import DISCARDED, discarded_key, member_of


async def test_two_requests_about_one_queue_are_taken_up_in_two_steps(redis: Redis) -> None:
    consumer = a_consumer(redis)
    await project(redis, consumer, [ADA, PLACED, HELD, SHIPPED], first=1)
    asked = [
        await ask(redis, Request(Ask.RETRY, ORDER)),
        await ask(redis, Request(Ask.DISCARD, ORDER, position(3))),
        await ask(redis, Request(Ask.RETRY, ORDER)),
    ]
    for number in (5, 6, 7):
        await project(redis, consumer, [watermark()], first=number)
    answers = [await answer(redis, id) for id in asked]
    assert answers == [
        Answer(Outcome.STUCK, 0, False, position(3), UNKNOWN),
        Answer(Outcome.FREE, 2, discarded=True),
        Answer(Outcome.FREE, 0),
    ]
    assert await parked_at(redis) == []


async def test_a_discarded_event_is_skipped_and_what_was_behind_it_follows(redis: Redis) -> None:
    consumer = a_consumer(redis)
    start = await project(redis, consumer, [ADA, PLACED, HELD, SHIPPED], first=1)
    id = await ask(redis, Request(Ask.DISCARD, ORDER, position(3)))
    await project(redis, consumer, [watermark(), DELIVERED], first=5)
    assert await answer(redis, id) == Answer(Outcome.FREE, 2, discarded=True)
    assert await parked_at(redis) == []
    row = await order(redis)
    assert [(change.version, change.status) for change in row.timeline] == [
        (1, "PLACED"), (3, "SHIPPED"), (4, "DELIVERED"),
    ]  # fmt: skip
    assert await said(redis, start) == [(str(position(5)), [(ORDER, 3)]), (str(position(6)), [(ORDER, 4)])]


async def test_a_replay_with_its_tombstone_makes_the_same_as_the_discard(redis: Redis) -> None:
    consumer = a_consumer(redis)
    await project(redis, consumer, [ADA, PLACED, HELD, SHIPPED], first=1)
    await ask(redis, Request(Ask.DISCARD, ORDER, position(3)))
    await project(redis, consumer, [watermark()], first=5)
    discarded = {key: value for key, value in (await everything(redis)).items() if ":1:" in key}
    await redis.flushall()
    await project(redis, a_consumer(redis), [ADA, PLACED, Tombstone(ORDER, 2), SHIPPED, watermark()], first=1)
    assert {key: value for key, value in (await everything(redis)).items() if ":1:" in key} == discarded


async def test_what_was_given_up_before_redis_went_back_is_given_up_again(redis: Redis) -> None:
    start = await project(redis, a_consumer(redis), [ADA, PLACED, HELD, SHIPPED], first=1)
    assert len(await parked_at(redis)) == 2
    # As relays tell.
    await redis.hset(discarded_key(0), mapping={member_of(ORDER, position(n)): DISCARDED for n in (3, 5)})
    consumer = a_consumer(redis)
    await project(redis, consumer, [watermark()], first=5)
    await project(redis, consumer, [watermark()], first=6)
    assert await parked_at(redis) == []
    assert await redis.xlen(requests_key(0)) == 0
    assert [(change.version, change.status) for change in (await order(redis)).timeline] == [
        (1, "PLACED"), (3, "SHIPPED"),
    ]  # fmt: skip
    assert [changes for _, changes in await said(redis, start) if changes] == [[(ORDER, 3)]]


async def test_what_was_given_up_is_not_parked_when_it_comes_again(redis: Redis) -> None:
    await redis.hset(discarded_key(0), member_of(ORDER, position(3)), DISCARDED)
    await project(redis, a_consumer(redis), [ADA, PLACED, HELD, SHIPPED], first=1)
    assert await parked_at(redis) == []
    assert [change.version for change in (await order(redis)).timeline] == [1, 3]


async def test_what_a_newer_program_gave_up_in_its_own_way_holds_nobody_up(redis: Redis) -> None:
    await redis.hset(discarded_key(0), member_of(ORDER, position(2)), "defer")
    await project(redis, a_consumer(redis), [ADA, PLACED], first=1)
    assert (await order(redis)).summary.status == "PLACED"


async def test_what_waits_behind_another_as_given_up_is_not_asked_for_again(redis: Redis) -> None:
    await project(redis, a_consumer(redis), [ADA, PLACED, HELD, SHIPPED], first=1)
    await ask(redis, Request(Ask.DISCARD, ORDER, position(4)))
    await project(redis, a_consumer(redis), [watermark()], first=5)
    for number in (6, 7):
        await project(redis, a_consumer(redis), [watermark()], first=number)
    assert [fields.get("tombstone") for _, fields in await parked_at(redis)] == [None, "OrderShipped"]
    assert len(await redis.keys("*answer*")) == 1


async def test_what_is_discarded_behind_another_is_given_up_at_once_and_skipped_in_its_turn(
    redis: Redis, knows_held: Any
) -> None:
    consumer = a_consumer(redis)
    await project(redis, consumer, [ADA, PLACED, HELD, SHIPPED, DELIVERED], first=1)
    id = await ask(redis, Request(Ask.DISCARD, ORDER, position(4)))
    await project(redis, consumer, [watermark()], first=6)
    assert await answer(redis, id) == Answer(Outcome.STUCK, 0, True, position(3), UNKNOWN)
    assert [fields.get("tombstone") for _, fields in await parked_at(redis)] == [None, "OrderShipped", None]
    tombstone = {"tombstone": "OrderShipped", "aggregate": ORDER, "version": "3"}
    assert (await parked_at(redis))[1][1] == tombstone | {REASON: f"an earlier event of {ORDER} is parked"}
    knows_held()
    id = await ask(redis, Request(Ask.RETRY, ORDER))
    await project(redis, consumer, [watermark()], first=7)
    assert await answer(redis, id) == Answer(Outcome.FREE, 3)
    assert [change.version for change in (await order(redis)).timeline] == [1, 2, 4]


async def test_what_is_discarded_beyond_the_bound_of_a_step_is_given_up_all_the_same(redis: Redis) -> None:
    consumer = a_consumer(redis, retried_at_once=1)
    await project(redis, consumer, [ADA, PLACED, HELD, SHIPPED, DELIVERED], first=1)
    last = await ask(redis, Request(Ask.DISCARD, ORDER, position(5)))
    await project(redis, consumer, [watermark()], first=6)
    assert (await answer(redis, last)).discarded
    head = await ask(redis, Request(Ask.DISCARD, ORDER, position(3)))
    for number in (7, 8, 9):
        await project(redis, consumer, [watermark()], first=number)
    assert await answer(redis, head) == Answer(Outcome.FREE, 3, discarded=True)
    assert [change.version for change in (await order(redis)).timeline] == [1, 3]
    assert (await order(redis)).summary.version == 4


async def test_without_its_first_event_an_aggregate_stays_parked(redis: Redis) -> None:
    consumer = a_consumer(redis)
    await project(redis, consumer, [ADA, entry(PLACED) | {"data": "{}"}, CONFIRMED], first=1)
    id = await ask(redis, Request(Ask.DISCARD, ORDER, position(2)))
    await project(redis, consumer, [watermark()], first=4)
    reason = f"Unprojectable: {ORDER} was seen up to version 0, its next event is 2"
    assert await answer(redis, id) == Answer(Outcome.STUCK, 1, True, position(3), reason)
    id = await ask(redis, Request(Ask.DISCARD, ORDER, position(3)))
    await project(redis, consumer, [watermark()], first=5)
    assert await answer(redis, id) == Answer(Outcome.FREE, 1, discarded=True)


async def test_an_entry_that_names_no_aggregate_is_retried_and_discarded_alone(redis: Redis) -> None:
    consumer = a_consumer(redis)
    await project(redis, consumer, [{"odd": "1"}, {"odd": "2"}, ADA], first=1)
    again = await ask(redis, Request(Ask.RETRY, "", position(1)))
    gone = await ask(redis, Request(Ask.DISCARD, "", position(2)))
    await project(redis, consumer, [watermark()], first=4)
    assert (await answer(redis, again))[:4] == (Outcome.STUCK, 0, False, position(1))
    assert await answer(redis, gone) == Answer(Outcome.FREE, 1, discarded=True)
    assert [where for where, _ in await parked_at(redis)] == [str(position(1))]
