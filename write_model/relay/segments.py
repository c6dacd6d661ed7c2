"""What was published where: segment documents, a total order of the journal for replays.

A relay records, from W on without a gap, the id and position of every event that it published; W, "everything up
to here is recorded", travels in its heartbeat. Two relays at once record the same twice, which a reader skips.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from bson import Int64
from motor.motor_asyncio import AsyncIOMotorClientSession

from write_model.contracts.streams import Position
from write_model.mongo.database import HEARTBEATS, SEGMENTS, Client, Database, Document

Recorded = tuple[Position, str]
"""A position and the id of the event that has it."""

LARGEST: Final = 10_000
_HEARTBEAT: Final = "relay"


class Overtaken(Exception):
    """Another relay has recorded something since this one looked."""


async def record(
    database: Database, events: Sequence[Recorded], session: AsyncIOMotorClientSession | None = None
) -> None:
    """Record events, ascending."""
    for start in range(0, len(events), LARGEST):
        part = events[start : start + LARGEST]
        id = _key(part[-1][0])
        document = {"_id": id, "positions": [str(p) for p, _ in part], "events": [e for _, e in part]}
        await database[SEGMENTS].replace_one({"_id": id}, document, upsert=True, session=session)


async def recorded_after(database: Database, after: Position) -> AsyncIterator[list[Recorded]]:
    """What is recorded above the position, ascending, each event once, in parts of bounded size."""
    async for segment in database[SEGMENTS].find({"_id": {"$gt": _key(after)}}).sort("_id", 1):
        positions = map(Position.parse, segment["positions"])
        part = [(p, e) for p, e in zip(positions, segment["events"], strict=True) if p > after]
        if part:
            after = part[-1][0]
            yield part


async def mark(database: Database, holder: str) -> None:
    """Write a heartbeat that leaves W as it is: a commit that the change stream shows."""
    change = {"$set": {"holder": holder}, "$inc": {"beats": 1}, "$setOnInsert": {"recorded": None}}
    await database[HEARTBEATS].update_one({"_id": _HEARTBEAT}, change, upsert=True)


async def beat(database: Database, before: Position | None, after: Position | None, holder: str) -> None:
    """Write a heartbeat that moves W from `before` to `after`; Overtaken where W is no longer `before`.

    So W never goes back, whoever was held up on the way here.
    """
    change = {"$set": {"holder": holder, "recorded": _text(after)}, "$inc": {"beats": 1}}
    beaten = await database[HEARTBEATS].update_one({"_id": _HEARTBEAT, "recorded": _text(before)}, change)
    if not beaten.matched_count:
        raise Overtaken(f"W is no longer {before}")


async def settle(
    client: Client, database: Database, events: Sequence[Recorded], before: Position | None, after: Position
) -> None:
    """Record events and move W from `before` to `after`, in one step; Overtaken where W is no longer `before`."""
    async with await client.start_session() as session, session.start_transaction():
        moved = await database[HEARTBEATS].update_one(
            {"_id": _HEARTBEAT, "recorded": _text(before)}, {"$set": {"recorded": _text(after)}}, session=session
        )
        if not moved.matched_count:
            raise Overtaken(f"W is no longer {before}")
        await record(database, events, session)


async def last_recorded(database: Database) -> Position | None:
    """W, or None where nothing was ever recorded."""
    heartbeat = await database[HEARTBEATS].find_one({"_id": _HEARTBEAT})
    return Position.parse(heartbeat["recorded"]) if heartbeat and heartbeat["recorded"] else None


def _text(position: Position | None) -> str | None:
    return str(position) if position else None


def _key(position: Position) -> Document:
    return {"ms": Int64(position.ms), "seq": Int64(position.seq)}
