"""What MongoDB and Redis each have of an order."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from read_model import orders
from read_model.connection import Reader
from read_model.errors import BeingPrepared
from read_model.parked import find_parked, parked_queue
from read_model.projection import Lag, lag_by_partition
from read_model.schema.orders import OrderRow
from stack.journal import open_journal
from stack.read_side import open_read_side
from stack.verify.history import history
from write_model.contracts.streams import Position, events_key, partition_of
from write_model.mongo import discarded
from write_model.mongo.database import Document
from write_model.mongo.discarded import Discard
from write_model.orders.document import ORDERS

_ENTRIES: Final = 1_000
_PAGES: Final = 10
"""Of so many entries above what is projected each: further behind, nobody looks for one order's."""


@dataclass(frozen=True)
class Written:
    """The state and the events at one moment, and those that were given up, by id."""

    state: Document | None
    events: list[Document]
    discarded: Mapping[str, Discard]


@dataclass(frozen=True)
class Shown:
    """The row, and what may keep it back: the partition's lag and end of stream, parked events, those on their way.

    `is_prepared`: False while the read model is made anew, and nobody can say whether there is a row. `damage`: why a
    row that is there cannot be read.
    """

    row: OrderRow | None
    is_prepared: bool
    damage: str
    partition: int
    lag: Lag
    end: Position | None
    parked: Mapping[int, str]
    """By version, the reason."""
    waiting: frozenset[int]
    """Versions in the stream, above what is projected."""


async def read_written(id: str) -> Written:
    """What MongoDB has; its errors are raised."""
    async with open_journal() as (client, database):
        async with await client.start_session(snapshot=True) as session:
            state = await database[ORDERS.collection].find_one({"_id": id}, session=session)
            events = [document async for document in history(database, id, session)]
        given_up = [await discarded.find(database, document["_id"]) for document in events]
        return Written(state, events, {its.event_id: its for its in given_up if its})


async def read_shown(id: str) -> Shown:
    """What Redis has; OperatorError where it does not answer."""
    async with open_read_side() as (reader, _):
        partition = partition_of(id, reader.partitions)
        lag = (await lag_by_partition(reader))[partition]
        row, is_prepared, damage = None, True, ""
        try:
            found = await orders.order(reader, id)
            row = OrderRow.decode(found.texts) if found else None
        except BeingPrepared:
            is_prepared = False
        except (ValueError, TypeError, AttributeError) as error:
            damage = f"{type(error).__name__}: {error}"
        first = await find_parked(reader, id)
        queue = await parked_queue(reader, first) if first else []
        parked = {event.version: event.reason for event in queue if event.version is not None}
        end, waiting = await asyncio.gather(_end(reader, partition), _waiting(reader, partition, lag.position, id))
        return Shown(row, is_prepared, damage, partition, lag, end, parked, waiting)


async def _end(reader: Reader, partition: int) -> Position | None:
    """The last entry of the partition's stream, four of which a second are a relay's sign of life."""
    [[*last]] = (await reader.fetch({partition: [("XREVRANGE", events_key(partition), "+", "-", "COUNT", 1)]}))[
        partition
    ]
    return Position.parse(last[0][0]) if last else None


async def _waiting(reader: Reader, partition: int, after: Position, id: str) -> frozenset[int]:
    found: set[int] = set()
    start = str(after)
    for _ in range(_PAGES):
        command = ("XRANGE", events_key(partition), f"({start}", "+", "COUNT", _ENTRIES)
        [entries] = (await reader.fetch({partition: [command]}))[partition]
        for start, flat in entries:  # noqa: B007 - the next page begins behind the last
            fields = dict(zip(flat[::2], flat[1::2], strict=True))
            if fields.get("aggregate") == id and fields.get("version", "").isdecimal():
                found.add(int(fields["version"]))
        if len(entries) < _ENTRIES:
            break
    return frozenset(found)
