"""Poison of an order, requests about it, and what comes of them."""

from typing import Any

from redis.asyncio import Redis

from projector.consumer import Consumer
from read_model.schema.changes import CHANGE, decode_changes
from read_model.schema.keys import answer_key, feed_key, requests_key
from read_model.schema.orders import OrderRow
from read_model.schema.requests import Answer, Request
from tests.projector.consumers import checkpoint
from tests.projector.contents import hash_at, stream_at
from tests.projector.events import (
    CUSTOMER,
    ORDER,
    an_id,
    entry,
    envelope,
    history,
    placed,
    publish,
)
from tests.projector.story import KEYS
from write_model.contracts.customers import CustomerRegistered
from write_model.contracts.orders import OrderConfirmed, OrderDelivered, OrderShipped
from write_model.contracts.streams import Position

ADA = envelope(CUSTOMER, 1, CustomerRegistered(name="Ada", email="ada@example.com"))
PLACED, CONFIRMED, SHIPPED, DELIVERED = history(
    ORDER,
    placed(total=1990),
    OrderConfirmed(customer_id=CUSTOMER),
    OrderShipped(customer_id=CUSTOMER, carrier="DHL", tracking_number="1"),
    OrderDelivered(customer_id=CUSTOMER),
)
OTHER = an_id("ord", 2)
HELD = entry(CONFIRMED) | {"type": "OrderHeld"}
UNKNOWN = "UndecodableEvent: unknown event type 'OrderHeld'"


async def project(redis: Redis, consumer: Consumer, entries: Any, *, first: int) -> Position:
    """Publish the entries from that number on, and step until all are taken in."""
    last = await publish(redis, entries, first=first)
    for _ in range(100):
        await consumer.step()
        if (await checkpoint(redis)).position == last:
            return last
    raise AssertionError("never reached")


async def ask(redis: Redis, request: Request) -> str:
    return str(await redis.xadd(requests_key(0), dict(request.encode().items())))


async def answer(redis: Redis, id: str) -> Answer:
    return Answer.decode(await hash_at(redis, answer_key(0, id)))


async def order(redis: Redis, id: str = ORDER) -> OrderRow:
    return OrderRow.decode(await hash_at(redis, KEYS.order(id)))


async def said(redis: Redis, after: Position) -> list[tuple[str, list[tuple[str, int]]]]:
    """What the feed says above the position: the id of each entry, and what its changes are about."""
    entries = [(id, fields) for id, fields in await stream_at(redis, feed_key(0)) if Position.parse(id) > after]
    return [(id, [(c.about, c.version) for c in decode_changes(fields[CHANGE])]) for id, fields in entries]
