"""What was published where: segment documents, a total order of the journal for replays.

A relay records, from W on without a gap, the id and position of every event that it published; W, "everything up
to here is recorded", travels in its heartbeat. Two relays at once record the same twice, which a reader skips.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from bson import Int64

from write_model.contracts.streams import Position
from write_model.mongo.database import HEARTBEATS, SEGMENTS, Database, Document

Recorded = tuple[Position, str]
"""A position and the id of the event that has it."""

LARGEST: Final = 10_000
_HEARTBEAT: Final = "relay"


async def record(database: Database, events: Sequence[Recorded]) -> None:
    """Record events, ascending."""
    for start in range(0, len(events), LARGEST):
        part = events[start : start + LARGEST]
        id = _key(part[-1][0])
        document = {"_id": id, "positions": [str(p) for p, _ in part], "events": [e for _, e in part]}
        await database[SEGMENTS].replace_one({"_id": id}, document, upsert=True)


async def recorded_after(database: Database, after: Position) -> AsyncIterator[list[Recorded]]:
    """What is recorded above the position, ascending, each event once, in parts of bounded size."""
    async for segment in database[SEGMENTS].find({"_id": {"$gt": _key(after)}}).sort("_id", 1):
        positions = map(Position.parse, segment["positions"])
        part = [(p, e) for p, e in zip(positions, segment["events"], strict=True) if p > after]
        if part:
            after = part[-1][0]
            yield part


async def beat(database: Database, recorded: Position | None, holder: str) -> None:
    """Replace the heartbeat: a commit that the change stream shows, and that carries W."""
    document = {"holder": holder, "recorded": str(recorded) if recorded else None}
    await database[HEARTBEATS].replace_one({"_id": _HEARTBEAT}, document, upsert=True)


async def last_recorded(database: Database) -> Position | None:
    """W, or None where nothing was ever recorded."""
    heartbeat = await database[HEARTBEATS].find_one({"_id": _HEARTBEAT})
    return Position.parse(heartbeat["recorded"]) if heartbeat and heartbeat["recorded"] else None


def _key(position: Position) -> Document:
    return {"ms": Int64(position.ms), "seq": Int64(position.seq)}
