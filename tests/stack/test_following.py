"""What `orderstream events tail` follows: the record of what was published as far as it is whole, then the commits."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from stack.events.following import follow
from stack.journal import open_journal
from tests.projector.events import CUSTOMER, ORDER, history, placed
from write_model.contracts.orders import OrderConfirmed, OrderShipped
from write_model.contracts.streams import BEGINNING, Position
from write_model.mongo import journal
from write_model.mongo.database import JOURNAL, Client, Database
from write_model.relay import segments

EVENTS = history(
    ORDER,
    placed(),
    OrderConfirmed(customer_id=CUSTOMER),
    OrderShipped(customer_id=CUSTOMER, carrier="DHL", tracking_number="1"),
)
RECORDED = Position(5_000, 1)
"""As a relay gives it that found an event without the oplog: not the position of its commit."""


@pytest.fixture
async def opened(
    mongodb_url: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Client, Database]]:
    monkeypatch.setenv("MONGODB_URL", mongodb_url)
    monkeypatch.setenv("MONGODB_DATABASE", database)
    async with open_journal() as opened:
        yield opened


async def first(opened: tuple[Client, Database], count: int) -> list[tuple[Position, Any]]:
    found: list[tuple[Position, Any]] = []
    async with aclosing(follow(*opened, BEGINNING, lambda seconds: None)) as batches:
        async for batch in batches:
            found += [(position, document["_id"]) for position, document in batch]
            if len(found) >= count:
                break
    return found


async def test_what_is_recorded_comes_first_with_its_positions_and_is_not_repeated(
    opened: tuple[Client, Database],
) -> None:
    client, database = opened
    one, two, three = EVENTS
    await database[JOURNAL].insert_one(journal.to_document(one))
    await segments.record(database, [(RECORDED, one.event_id)])
    # Up to here the record is whole: two is committed after that, and recorded by nobody who can be relied on.
    async with await client.start_session() as session:
        await database.command("ping", session=session)
        time: Any = session.operation_time
    whole = Position.of_commit(time.time, time.inc).end_of_commit
    await segments.mark(database, "a relay")
    await segments.beat(database, None, whole, "a relay")
    await segments.record(database, [(Position(whole.ms + 9_000_000, 0), three.event_id)])
    for event in (two, three):
        await database[JOURNAL].insert_one(journal.to_document(event))
    found = await first(opened, 3)
    assert [id for _, id in found] == [event.event_id for event in EVENTS]
    positions = [position for position, _ in found]
    assert positions[0] == RECORDED
    assert positions == sorted(positions)
    assert positions[2] < Position(whole.ms + 9_000_000, 0)
