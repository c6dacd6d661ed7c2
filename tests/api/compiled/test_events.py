"""Written by a plan or by the executor, an event of a subscription has the same payload, byte for byte."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strawberry.http import process_result

from api.auth import issue_token
from api.compiled import events
from api.context import Context
from api.schema import schema
from api.wire import Written, encode_json
from read_model import feed_cursor
from read_model.schema.changes import CHANGE, OrderChanged, encode_change
from read_model.schema.keys import feed_key
from read_model.subscription import Place
from tests.api.compiled.edge import SECRET, Edge
from tests.api.compiled.requests import Request, subscriptions
from tests.api.compiled.test_same_answers import EVER, POOL, QUERIES
from tests.read_model.patience import PATIENCE
from tests.read_model.projected import PARTITIONS
from write_model.contracts.streams import Position, partition_of, projected_key

ROOTS: Final = {
    "orderStatusChanged": ('orderStatusChanged(orderId: "<order2>", afterVersion: 0)', 3),
    "ordersChanged": ('ordersChanged(after: "<before>")', 2),
    "productChanged": ('productChanged(productId: "<product3>")', 1),
    "commandSettled": ('commandSettled(id: "<command1>")', 1),
}
"""Subscriptions, and how many events each has at once."""


@dataclass
class Tally:
    """How many payloads there were, and how many of them plans have written."""

    compared: int = 0
    written: int = 0


@pytest.fixture(scope="module")
def tally() -> Iterator[Tally]:
    tally = Tally()
    yield tally
    # Lest the same errors are taken for the same answers.
    assert tally.written > tally.compared / 2, tally


@pytest.fixture(scope="module")
async def announced(edge: Edge) -> Edge:
    """Two changes in the feeds, and a cursor from before them."""
    stored = [await edge.redis.hget(projected_key(partition), "position") for partition in range(PARTITIONS)]
    places = {partition: Position.parse(str(position)) for partition, position in enumerate(stored)}
    edge.named["before"] = feed_cursor.encode({partition: Place(position) for partition, position in places.items()})
    for order, previous, status in (("order2", "CONFIRMED", "SHIPPED"), ("order0", "DRAFT", "DRAFT")):
        id, customer_id = edge.named[order], edge.named["customer0"]
        partition = partition_of(id, PARTITIONS)
        position = places[partition] = Position(places[partition].ms + 1, 0)
        change = OrderChanged(id, customer_id, 2, previous, status, "2026-11-20T09:30:00.000Z")
        await edge.redis.xadd(feed_key(partition), {CHANGE: encode_change(change)}, id=str(position))
        await edge.redis.hset(projected_key(partition), "position", str(position))
    return edge


async def payloads(edge: Edge, request: Request, number: int) -> list[tuple[bool, str]]:
    """The first payloads of a subscription: whether a plan has written each, and the JSON."""
    token = issue_token(SECRET, "staff", None, 3600)
    context = Context(edge.view._services, f"Bearer {token}", None)
    document, variables = edge.resolve(request.document), dict(request.variables)
    found = []
    async with asyncio.timeout(PATIENCE), aclosing(await schema.stream(document, variables, context)) as results:
        for _ in range(number):
            result = await anext(results, None)
            if result is None:
                break
            found.append((isinstance(result.data, Written), encode_json(process_result(result))))
    return found


@pytest.mark.timeout(60 + QUERIES if QUERIES else 300)
@settings(EVER, max_examples=QUERIES or 100)
@given(request=st.one_of([subscriptions(schema._schema, POOL, name, root) for name, (root, _) in ROOTS.items()]))
async def test_an_event_has_the_same_payload_both_ways(announced: Edge, tally: Tally, request: Request) -> None:
    number = ROOTS[request.operation_name or ""][1]
    compiled = await payloads(announced, request, number)
    # The same in other words, of which there is no plan yet, and where no more are made.
    same = replace(request, document=request.document.replace(" }", ",}"))
    with patch.object(events, "MOST_PLANS", 0):
        executed = await payloads(announced, same, number)
    assert not any(written for written, _ in executed)
    assert [payload for _, payload in compiled] == [payload for _, payload in executed]
    tally.compared += len(compiled)
    tally.written += sum(written for written, _ in compiled)
