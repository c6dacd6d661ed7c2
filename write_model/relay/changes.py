"""The change stream of journal and heartbeats, read in large batches.

Its order is the order of commits; the events of one transaction come together, in insertion order, with one
cluster time (MongoDB manual, "Change Streams"). Raw commands, because a cursor object yields one document at a time.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Final

from bson import Int64, Timestamp
from motor.motor_asyncio import AsyncIOMotorClientSession
from pymongo.errors import OperationFailure

from write_model.contracts.streams import Position
from write_model.mongo.database import HEARTBEATS, JOURNAL, Client, Database, Document

_BATCH: Final = 5_000
_WAIT_MILLISECONDS: Final = 500
_HISTORY_LOST: Final = 286
_CAPPED_POSITION_LOST: Final = 136

_PIPELINE: Final[list[Document]] = [
    {"$match": {"$or": [{"ns.coll": JOURNAL, "operationType": "insert"}, {"ns.coll": HEARTBEATS}]}},
    {"$project": {"clusterTime": 1, "coll": "$ns.coll", "document": "$fullDocument"}},
]


class HistoryLost(Exception):
    """MongoDB's oplog no longer reaches back to where the relay must go on."""


@dataclass(frozen=True, slots=True)
class Change:
    """A journal's document at its position; None for a heartbeat: a watermark."""

    position: Position
    document: Document | None


async def follow(client: Client, database: Database, start: Position) -> AsyncGenerator[list[Change]]:
    """Batches of changes from the start's commit on, for ever; an empty batch when nothing came for a while."""
    watch = {"$changeStream": {"startAtOperationTime": Timestamp(*start.cluster_time)}}
    command: Document = {"aggregate": 1, "pipeline": [watch, *_PIPELINE], "cursor": {"batchSize": _BATCH}}
    async with await client.start_session() as session:
        try:
            async for batch in raw_batches(database, session, command, wait=_WAIT_MILLISECONDS):
                yield [_change(document) for document in batch]
        except OperationFailure as error:
            if error.code in (_HISTORY_LOST, _CAPPED_POSITION_LOST):
                raise HistoryLost from error
            raise


async def raw_batches(
    database: Database, session: AsyncIOMotorClientSession, command: Document, *, wait: int | None = None
) -> AsyncGenerator[list[Any]]:
    """The batches of a command's cursor; `wait` milliseconds for the next one where the cursor has no end."""
    cursor = (await database.command(command, session=session))["cursor"]
    yield cursor["firstBatch"]
    more: Document = {"getMore": Int64(cursor["id"]), "collection": cursor["ns"].partition(".")[2], "batchSize": _BATCH}
    if wait is not None:
        more["maxTimeMS"] = wait
    cursor_id = cursor["id"]
    while cursor_id:
        cursor = (await database.command(more, session=session))["cursor"]
        cursor_id = cursor["id"]
        yield cursor["nextBatch"]


def _change(document: Document) -> Change:
    time: Timestamp = document["clusterTime"]
    if document["coll"] == HEARTBEATS:
        return Change(Position.of_commit(time.time, time.inc), None)
    event = document["document"]
    return Change(Position.of_commit(time.time, time.inc, event["ordinal"]), event)
