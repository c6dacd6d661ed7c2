"""Discarding and retrying with the command line's own steps, cut off and overtaken in between."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pymongo import MongoClient
from redis import Redis as BlockingRedis
from redis.asyncio import Redis

from projector.startup import connect
from read_model.schema.keys import requests_key
from read_model.schema.requests import Ask, Request
from stack import parked_report, parking
from stack.operator_error import OperatorError
from tests.projector.consumers import a_consumer, running, until
from tests.projector.contents import parked_at
from tests.projector.events import CUSTOMER, ORDER, entry, envelope, history, placed, position, publish, watermark
from tests.projector.story import KEYS
from write_model.contracts import codec
from write_model.contracts.customers import CustomerRegistered
from write_model.contracts.orders import OrderConfirmed, OrderShipped
from write_model.contracts.streams import events_key

ADA = envelope(CUSTOMER, 1, CustomerRegistered(name="Ada", email="ada@example.com"))
PLACED, CONFIRMED, SHIPPED = history(
    ORDER,
    placed(),
    OrderConfirmed(customer_id=CUSTOMER),
    OrderShipped(customer_id=CUSTOMER, carrier="DHL", tracking_number="1"),
)
HELD = entry(CONFIRMED) | {"type": "OrderHeld"}
HELD_ID = f"{ORDER}@2"
PATIENCE = 30.0

Collections = Any


@pytest.fixture
def stored(mongodb_url: str, redis_url: str, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collections]:
    """The database that the command line is told of, with the poison in its journal."""
    settings = {"MONGODB_URL": mongodb_url, "MONGODB_DATABASE": database, "REDIS_URL": redis_url, "PARTITIONS": "1"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with MongoClient[dict[str, Any]](mongodb_url) as client:
        client[database]["journal"].insert_one({"_id": HELD_ID})
        yield client[database]


@pytest.fixture
async def parked(redis: Redis) -> None:
    """The poison and one event behind it."""
    await publish(redis, [ADA, PLACED, HELD, SHIPPED])
    consumer = a_consumer(redis)
    while len(await parked_at(redis)) < 2:
        await consumer.step()


@asynccontextmanager
async def projecting(redis: Redis) -> AsyncIterator[None]:
    """A projector at work, and a relay that publishes watermarks."""

    async def beat() -> None:
        number = 5
        while True:
            await publish(redis, [watermark()], first=number)
            number += 1
            await asyncio.sleep(0.02)

    async with running(a_consumer(redis)):
        beating = asyncio.create_task(beat())
        try:
            yield
        finally:
            beating.cancel()


def recorded(stored: Collections) -> list[tuple[str, str]]:
    return [(document["_id"], document["why"]) for document in stored["discarded"].find()]


async def discard(why: str = "", *, patience: float = PATIENCE, ask: Callable[[str], bool] | None = None) -> bool:
    return await parking.discard(HELD_ID, why, patience, ask=ask)


async def test_without_a_projector_a_discard_is_recorded_and_waits_and_repeating_it_is_enough(
    redis: Redis, stored: Collections, parked: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(OperatorError, match=r"no projector took the request up in 0.3 s: see that projector and relay"):
        await discard("first", patience=0.3)
    assert recorded(stored) == [(HELD_ID, "first")]
    assert await redis.xlen(requests_key(0)) == 1
    async with projecting(redis):
        assert await discard("second")
    assert recorded(stored) == [(HELD_ID, "first")]
    assert await parked_at(redis) == []
    assert f"{HELD_ID} is discarded." in capsys.readouterr().out
    for id in (HELD_ID, str(position(3))):
        assert await parking.discard(id, "", PATIENCE, ask=None)
        assert f"{HELD_ID} was discarded by" in capsys.readouterr().out


async def test_a_discard_that_broke_off_after_its_record_is_completed_by_repeating_it(
    redis: Redis, stored: Collections, parked: None
) -> None:
    stored["discarded"].insert_one(
        {"_id": HELD_ID, "position": str(position(3)), "by": "sam", "at": ADA.occurred_at, "why": "first"}
    )
    async with projecting(redis):
        assert await discard("second")
    assert recorded(stored) == [(HELD_ID, "first")]
    assert await parked_at(redis) == []


async def test_an_event_that_is_projected_meanwhile_is_not_discarded(
    redis: Redis, redis_url: str, stored: Collections, parked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def retried_while_asked(_: str) -> bool:
        with BlockingRedis.from_url(redis_url) as other:
            other.xadd(requests_key(0), dict(Request(Ask.RETRY, ORDER).encode().items()))
        return True

    monkeypatch.setitem(codec.EVENT_TYPES, "OrderHeld", OrderConfirmed)
    async with projecting(redis):
        with pytest.raises(OperatorError, match="was projected meanwhile, and is not discarded"):
            await discard(ask=retried_while_asked)
    assert recorded(stored) == []
    assert await parked_at(redis) == []


async def test_whoever_is_asked_learns_what_it_means_and_may_say_no(
    redis: Redis, stored: Collections, parked: None
) -> None:
    asked: list[str] = []

    def no(question: str) -> bool:
        asked.append(question)
        return False

    assert not await discard(ask=no)
    assert recorded(stored) == []
    assert await redis.xlen(requests_key(0)) == 0
    [question] = asked
    assert question.startswith(f"Discard {HELD_ID} (OrderHeld) for ever?")
    assert "not even after a rebuild" in question


async def test_the_first_event_of_an_aggregate_comes_with_a_warning(redis: Redis, stored: Collections) -> None:
    await publish(redis, [entry(PLACED) | {"data": "{}"}])
    consumer = a_consumer(redis)
    while not await parked_at(redis):
        await consumer.step()
    asked: list[str] = []

    def no(question: str) -> bool:
        asked.append(question)
        return False

    await parking.discard(f"{ORDER}@1", "", PATIENCE, ask=no)
    assert "its later events stay parked until they are discarded as well" in asked[0]


async def test_what_the_journal_does_not_have_is_discarded_without_a_record(redis: Redis, stored: Collections) -> None:
    await publish(redis, [ADA, {"odd": "1"}, PLACED, HELD | {"version": "9"}])
    consumer = a_consumer(redis)
    while len(await parked_at(redis)) < 2:
        await consumer.step()
    async with projecting(redis):
        assert await parking.discard(str(position(2)), "", PATIENCE, ask=None)
        assert await parking.discard(f"{ORDER}@9", "", PATIENCE, ask=None)
        assert await parked_at(redis) == []
        last = await publish(redis, [CONFIRMED], first=1_000)  # no version was skipped
        await until(redis, last)
    assert recorded(stored) == []
    assert await parked_at(redis) == []


async def test_bytes_that_are_no_text_can_be_shown_and_discarded(
    redis: Redis, redis_url: str, stored: Collections, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = {name: text.encode() for name, text in HELD.items()} | {"aggregate": b"\xff", "data": b"\xfe"}
    await redis.xadd(events_key(0), dict(odd.items()), id=str(position(1)))
    async with connect(redis_url) as own:
        consumer = a_consumer(own)
        while not await redis.zcard(KEYS.parked()):
            await consumer.step()
        queue, event = await parking.queue_and_event(str(position(1)))
        parked_report.show_event(queue, event, as_json=False)
        parked_report.show_queues(await parking.queues(), as_json=False)
        async with projecting(own):
            assert await parking.discard(str(position(1)), "", PATIENCE, ask=None)
    assert "\\xfe" in capsys.readouterr().out
    assert await redis.zcard(KEYS.parked()) == 0


async def test_an_aggregate_is_not_discarded_by_its_name(redis: Redis, stored: Collections, parked: None) -> None:
    with pytest.raises(OperatorError, match=f"name one event of it, {HELD_ID} is the first that is parked"):
        await parking.discard(ORDER, "", PATIENCE, ask=None)
    assert recorded(stored) == []


async def test_another_number_of_partitions_is_refused(
    redis: Redis, stored: Collections, parked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    await redis.set("partitions", 8)
    with pytest.raises(OperatorError, match="PARTITIONS is 1, but the streams have 8"):
        await parking.queues()


async def test_a_redis_that_is_not_there_is_said(stored: Collections, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    with pytest.raises(OperatorError, match="Check REDIS_URL"):
        await parking.retry(None, PATIENCE, parked_report.Answers(as_json=False).take)
