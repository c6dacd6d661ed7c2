"""Parked events, retried on request against a real Redis: in order, in bounded steps, announced late."""

import asyncio
from typing import Any, ClassVar, cast

import pytest
from redis.asyncio import Redis

from projector.projections.table import PROJECTIONS
from read_model.schema.keys import requests_key
from read_model.schema.parked import REASON
from read_model.schema.products import ProductRow
from read_model.schema.requests import Answer, Ask, Outcome, Request
from tests.projector.asking import (
    ADA,
    CONFIRMED,
    DELIVERED,
    HELD,
    OTHER,
    PLACED,
    SHIPPED,
    answer,
    ask,
    order,
    project,
    said,
)
from tests.projector.consumers import a_consumer
from tests.projector.contents import everything, hash_at, parked_at
from tests.projector.events import (
    CUSTOMER,
    ORDER,
    PRODUCT,
    added,
    an_id,
    entry,
    envelope,
    history,
    placed,
    position,
    publish,
    watermark,
)
from tests.projector.story import KEYS
from write_model.contracts import codec
from write_model.contracts.customers import CustomerProfileUpdated
from write_model.contracts.orders import OrderConfirmed
from write_model.contracts.products import ProductRestocked


async def test_a_retry_projects_the_queue_in_order_and_frees_its_aggregate(redis: Redis, knows_held: Any) -> None:
    consumer = a_consumer(redis)
    start = await project(redis, consumer, [ADA, PLACED, HELD, SHIPPED, watermark()], first=1)
    id = await ask(redis, Request(Ask.RETRY, ORDER))
    knows_held()
    others = history(OTHER, placed())
    last = await project(redis, consumer, [watermark(), *others, DELIVERED], first=6)
    assert await answer(redis, id) == Answer(Outcome.FREE, 2)
    assert await redis.xlen(requests_key(0)) == 0
    assert await parked_at(redis) == []
    assert [change.status for change in (await order(redis)).timeline] == [
        "PLACED",
        "CONFIRMED",
        "SHIPPED",
        "DELIVERED",
    ]
    # All of the late ones at the first position of the step, before what follows them.
    assert await said(redis, start) == [
        (str(position(6)), [(ORDER, 2), (ORDER, 3)]),
        (str(position(7)), [(OTHER, 1)]),
        (str(last), [(ORDER, 4)]),
    ]


async def test_upcasters_apply_to_what_was_parked(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = a_consumer(redis)
    newer = entry(CONFIRMED) | {"schema": "2", "data": f'{{"customer":"{CUSTOMER}"}}'}
    await project(redis, consumer, [ADA, PLACED, newer], first=1)
    [(_, fields)] = await parked_at(redis)
    assert fields[REASON] == "UndecodableEvent: OrderConfirmed has schema 2, this program knows 1"

    class OrderConfirmedLater(OrderConfirmed):
        schema_version: ClassVar[int] = 3

    monkeypatch.setitem(codec.EVENT_TYPES, "OrderConfirmed", OrderConfirmedLater)
    upcasters, projections = cast("dict[Any, Any]", codec.UPCASTERS), cast("dict[Any, Any]", PROJECTIONS)
    monkeypatch.setitem(upcasters, ("OrderConfirmed", 2), lambda data: {"customer_id": data["customer"]})
    monkeypatch.setitem(projections, OrderConfirmedLater, projections[OrderConfirmed])
    id = await ask(redis, Request(Ask.RETRY, ORDER))
    await project(redis, consumer, [watermark()], first=4)
    assert await answer(redis, id) == Answer(Outcome.FREE, 1)
    assert (await order(redis)).summary.status == "CONFIRMED"


async def test_what_fails_again_stays_with_its_new_reason_and_so_does_what_is_behind(
    redis: Redis, knows_held: Any
) -> None:
    consumer = a_consumer(redis)
    broken = entry(SHIPPED) | {"data": "{}"}
    await project(redis, consumer, [ADA, PLACED, HELD, broken, DELIVERED], first=1)
    knows_held()
    id = await ask(redis, Request(Ask.RETRY, ORDER))
    await project(redis, consumer, [watermark()], first=6)
    told = await answer(redis, id)
    assert told[:4] == (Outcome.STUCK, 1, False, position(4))
    assert told.reason.startswith("UndecodableEvent: broken OrderShipped")
    assert [(where, fields[REASON]) for where, fields in await parked_at(redis)] == [
        (str(position(4)), told.reason),
        (str(position(5)), f"an earlier event of {ORDER} is parked"),
    ]
    assert (await order(redis)).summary.status == "CONFIRMED"


async def test_a_retry_of_what_is_not_parked_says_so(redis: Redis) -> None:
    consumer = a_consumer(redis)
    id = await ask(redis, Request(Ask.RETRY, ORDER))
    await project(redis, consumer, [ADA], first=1)
    assert await answer(redis, id) == Answer(Outcome.FREE, 0)


async def test_a_request_waits_for_an_entry_at_whose_position_it_can_be_announced(
    redis: Redis, knows_held: Any
) -> None:
    consumer = a_consumer(redis)
    await project(redis, consumer, [ADA, PLACED, HELD], first=1)
    knows_held()
    id = await ask(redis, Request(Ask.RETRY, ORDER))
    before = await everything(redis)
    await consumer.step()
    await consumer.step()
    assert await everything(redis) == before
    await project(redis, consumer, [watermark()], first=4)
    assert await answer(redis, id) == Answer(Outcome.FREE, 1)


async def test_whoever_has_a_request_to_announce_waits_for_the_entry_instead_of_asking_again(
    redis: Redis, knows_held: Any
) -> None:
    consumer = a_consumer(redis, block_ms=60_000)
    await project(redis, consumer, [ADA, PLACED, HELD], first=1)
    knows_held()
    id = await ask(redis, Request(Ask.RETRY, ORDER))
    step = asyncio.create_task(consumer.step())
    await asyncio.sleep(0.1)
    await publish(redis, [watermark()], first=4)
    await step
    assert await answer(redis, id) == Answer(Outcome.FREE, 1)


async def test_a_long_queue_is_taken_in_bounded_steps_and_catches_up(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer = a_consumer(redis, retried_at_once=3)
    restocked = [envelope(PRODUCT, version, ProductRestocked(quantity=1)) for version in range(2, 12)]
    poison = entry(restocked[0]) | {"type": "Later"}
    await project(redis, consumer, [envelope(PRODUCT, 1, added(stock=5)), poison, *restocked[1:7]], first=1)
    monkeypatch.setitem(codec.EVENT_TYPES, "Later", ProductRestocked)
    id = await ask(redis, Request(Ask.RETRY, PRODUCT))
    seen = []
    for number, event in enumerate([restocked[7], restocked[8], watermark(), restocked[9]], 9):
        await project(redis, consumer, [event], first=number)
        row = ProductRow.decode(await hash_at(redis, KEYS.product(PRODUCT)))
        seen.append((row.version, len(await parked_at(redis)), (await answer(redis, id)).outcome))
    # Two that come meanwhile are parked behind; nine in all.
    assert seen == [(4, 5, None), (7, 3, None), (10, 0, Outcome.FREE), (11, 0, Outcome.FREE)]
    assert await answer(redis, id) == Answer(Outcome.FREE, 9)
    assert row.available == 15


async def test_many_requests_share_the_bound_of_a_step(redis: Redis, knows_held: Any) -> None:
    consumer = a_consumer(redis, retried_at_once=3)
    ids = [an_id("ord", n) for n in range(5)]
    poison = [entry(envelope(id, 2, OrderConfirmed(customer_id=CUSTOMER))) | {"type": "OrderHeld"} for id in ids]
    await project(redis, consumer, [ADA, *(envelope(id, 1, placed()) for id in ids), *poison], first=1)
    knows_held()
    asked = [await ask(redis, Request(Ask.RETRY, id)) for id in ids]
    left = []
    for number in (12, 13):
        await project(redis, consumer, [watermark()], first=number)
        left.append(len(await parked_at(redis)))
    assert left == [2, 0]
    assert [await answer(redis, id) for id in asked] == [Answer(Outcome.FREE, 1)] * 5


async def test_a_request_that_nobody_understands_is_answered_and_holds_nothing_up(redis: Redis) -> None:
    consumer = a_consumer(redis)
    odd = [{"ask": "dance", "aggregate": ORDER, "position": "0-0"}, {"x": "y"}, {"ask": "retry", "aggregate": ORDER}]
    asked = [str(await redis.xadd(requests_key(0), cast("dict[Any, Any]", fields))) for fields in odd]
    await project(redis, consumer, [ADA], first=1)
    assert [await answer(redis, id) for id in asked] == [Answer(Outcome.UNKNOWN, 0)] * 3
    assert await redis.xlen(requests_key(0)) == 0


async def test_poison_in_the_same_step_does_not_hold_a_request_up(redis: Redis, knows_held: Any) -> None:
    consumer = a_consumer(redis)
    await project(redis, consumer, [ADA, PLACED, HELD], first=1)
    knows_held()
    id = await ask(redis, Request(Ask.RETRY, ORDER))
    await project(redis, consumer, [entry(SHIPPED) | {"data": "{"}], first=4)
    assert await answer(redis, id) == Answer(Outcome.FREE, 1)
    assert [where for where, _ in await parked_at(redis)] == [str(position(4))]


async def test_a_late_rename_is_carried_into_the_orders(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = a_consumer(redis)
    renamed = entry(envelope(CUSTOMER, 2, CustomerProfileUpdated(name="Ada L.", email="ada@example.com")))
    await project(redis, consumer, [ADA, renamed | {"type": "Renamed"}, PLACED], first=1)
    assert (await order(redis)).summary.customer_name == "Ada"
    monkeypatch.setitem(codec.EVENT_TYPES, "Renamed", CustomerProfileUpdated)
    await ask(redis, Request(Ask.RETRY, CUSTOMER))
    await project(redis, consumer, [watermark()], first=4)
    await consumer.step()
    assert (await order(redis)).summary.customer_name == "Ada L."
