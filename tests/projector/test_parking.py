"""Poison against a real Redis: it is set aside in order with its reason, and everything else goes on."""

from typing import Any

import pytest
from redis.asyncio import Redis

from projector.consumer import Consumer
from projector.parking import ATTEMPTS
from projector.startup import connect
from read_model.schema.customers import CustomerRow
from read_model.schema.orders import OrderRow
from read_model.schema.parked import REASON
from tests.projector.asking import ADA, CONFIRMED, DELIVERED, HELD, OTHER, PLACED, SHIPPED
from tests.projector.consumers import a_consumer
from tests.projector.contents import hash_at, parked_at
from tests.projector.events import (
    CUSTOMER,
    ORDER,
    entry,
    history,
    placed,
    position,
    publish,
    watermark,
)
from tests.projector.story import KEYS
from write_model.contracts.orders import OrderConfirmed
from write_model.contracts.streams import events_key, projected_key


async def project(redis: Redis, consumer: Consumer, last: Any) -> int:
    """Step until the position is reached; answers how many steps that took."""
    for steps in range(1, 1_000):
        await consumer.step()
        if await redis.hget(projected_key(0), "position") == str(last):
            return steps
    raise AssertionError("never reached")


async def parked(redis: Redis) -> list[tuple[str, str, str]]:
    """Position, type and reason of every parked event, those of an aggregate in order."""
    return [(position, fields.get("type", ""), fields[REASON]) for position, fields in await parked_at(redis)]


async def test_poison_and_what_follows_in_its_aggregate_are_parked_and_the_rest_goes_on(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    others = history(OTHER, placed(total=10), OrderConfirmed(customer_id=CUSTOMER))
    last = await publish(redis, [ADA, PLACED, HELD, others[0], SHIPPED, others[1], watermark()])
    consumer = a_consumer(redis)
    await project(redis, consumer, last)
    behind = f"an earlier event of {ORDER} is parked"
    unknown = "UndecodableEvent: unknown event type 'OrderHeld'"
    assert await parked(redis) == [
        (str(position(3)), "OrderHeld", unknown),
        (str(position(5)), "OrderShipped", behind),
    ]
    last = await publish(redis, [DELIVERED], first=8)  # in a later step
    await project(redis, consumer, last)
    assert (await parked(redis))[2:] == [(str(position(8)), "OrderDelivered", behind)]
    assert len(await parked(redis)) == 3

    assert OrderRow.decode(await hash_at(redis, KEYS.order(ORDER))).summary.status == "PLACED"
    assert OrderRow.decode(await hash_at(redis, KEYS.order(OTHER))).summary.status == "CONFIRMED"
    assert CustomerRow.decode(await hash_at(redis, KEYS.customer(CUSTOMER))).order_count == 2
    assert [r.getMessage() for r in caplog.records if r.levelname == "ERROR"] == [
        f"partition 0: parked {ORDER} at {position(3)}: {unknown}"
    ]


async def test_what_is_parked_is_the_entry_as_it_came(redis: Redis) -> None:
    last = await publish(redis, [HELD])
    await project(redis, a_consumer(redis), last)
    [(_, fields)] = await parked_at(redis)
    assert {name: text for name, text in fields.items() if name != REASON} == HELD


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"data": "{"}, "UndecodableEvent: broken entry: "),
        ({"data": "{}"}, "UndecodableEvent: broken OrderConfirmed: "),
        ({"schema": "99"}, "UndecodableEvent: OrderConfirmed has schema 99"),
        ({"version": "7"}, f"Unprojectable: {ORDER} was seen up to version 1, its next event is 7"),
    ],
)
async def test_every_kind_of_poison_is_parked_after_its_attempts(
    redis: Redis, broken: dict[str, str], reason: str
) -> None:
    consumer = a_consumer(redis)
    await publish(redis, [ADA, PLACED])
    await consumer.step()
    last = await publish(redis, [entry(CONFIRMED) | broken, watermark()], first=3)
    assert await project(redis, consumer, last) == ATTEMPTS
    [(_, _, given)] = await parked(redis)
    assert given.startswith(reason)


@pytest.mark.parametrize(
    "data",
    [
        '{"name": "Grace Hopper", "email": ["grace@navy.example"]}',
        '{"name": {"Grace": "Hopper"}, "email": "grace@navy.example"}',
        '{"name": "Grace Hopper", "email": "grace@navy.example"',
        '["Grace Hopper", "grace@navy.example"]',
        '"grace@navy.example"',
    ],
)
async def test_what_is_wrong_with_an_event_is_said_and_what_it_holds_is_not(
    redis: Redis, caplog: pytest.LogCaptureFixture, data: str
) -> None:
    last = await publish(redis, [entry(ADA) | {"data": data}])
    await project(redis, a_consumer(redis), last)
    [(_, fields)] = await parked_at(redis)
    assert fields["data"] == data, "who looks at what is parked may see it"
    said = fields[REASON] + caplog.text
    assert f"parked {CUSTOMER}" in said
    assert not [secret for secret in ("Grace", "Hopper", "navy.example") if secret in said]


async def test_an_entry_that_names_no_aggregate_is_parked_and_blocks_none(redis: Redis) -> None:
    last = await publish(redis, [{"odd": "1"}, ADA, {"odd": "2"}])
    await project(redis, a_consumer(redis), last)
    assert [fields["odd"] for _, fields in await parked_at(redis)] == ["1", "2"]
    assert await redis.exists(KEYS.customer(CUSTOMER))


@pytest.mark.parametrize("odd", [{"data": b'{"name":"\xff"}'}, {"aggregate": b"\xff"}])
async def test_bytes_that_are_no_text_are_parked_as_they_are(
    redis: Redis, redis_url: str, odd: dict[str, bytes]
) -> None:
    fields = {name: text.encode() for name, text in entry(ADA).items()} | odd
    await redis.xadd(events_key(0), dict(fields.items()), id=str(position(1)))
    async with connect(redis_url) as own:
        await project(redis, a_consumer(own), position(1))
    async with Redis.from_url(redis_url) as raw:
        for name, text in odd.items():
            assert await raw.hget(KEYS.parked_event(position(1)), name) == text


async def test_a_row_that_cannot_be_read_parks_its_events_and_no_others(redis: Redis) -> None:
    await publish(redis, [ADA, PLACED])
    await a_consumer(redis).step()
    await redis.hset(KEYS.order(ORDER), "summary", "garbage")
    last = await publish(redis, [CONFIRMED, *history(OTHER, placed())], first=3)
    await project(redis, a_consumer(redis), last)
    assert [(where, kind) for where, kind, _ in await parked(redis)] == [(str(position(3)), "OrderConfirmed")]
    assert await redis.exists(KEYS.order(OTHER))


async def test_attempts_are_counted_anew_after_every_step(redis: Redis) -> None:
    consumer = a_consumer(redis, batch=1)
    last = await publish(redis, [{"odd": "1"}, {"odd": "2"}])
    assert await project(redis, consumer, last) == 2 * ATTEMPTS
