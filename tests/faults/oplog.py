"""Takes the relays away for so long that MongoDB's oplog no longer reaches back to what they published last."""

import asyncio
import time
from typing import Any

from bson import Timestamp
from pymongo import MongoClient, WriteConcern
from pymongo.errors import PyMongoError

from tests.faults.replica_set import ReplicaSet
from tests.faults.stage import DATABASE, Stage
from write_model.contracts.streams import Position
from write_model.mongo.database import HEARTBEATS, JOURNAL

PATIENCE_SECONDS = 120.0
_PADDING = 2_000_000
_NEWS = 50
_NEWS_SECONDS = 5.0
_NOTICED = b"the oplog does not reach back"

Mongo = MongoClient[dict[str, Any]]


async def lose_oplog(stage: Stage) -> None:
    """While no relay works, commands go on and the oplog rolls over; returns when a relay has noticed. TimeoutError."""
    relays = [process for name, process in stage.processes.items() if name.startswith("relay")]
    said = stage.log.stat().st_size
    for relay in relays:
        relay.hold()
    try:
        await asyncio.to_thread(_roll_over, stage.mongodb)
    finally:
        for relay in relays:
            relay.release()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await asyncio.to_thread(_noticed, stage, said):  # noqa: ASYNC110 - another process's doing
            await asyncio.sleep(0.1)


def _noticed(stage: Stage, said: int) -> bool:
    with stage.log.open("rb") as log:
        log.seek(said)
        return _NOTICED in log.read()


def _roll_over(mongodb: ReplicaSet) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    with MongoClient[dict[str, Any]](mongodb.url) as client:
        _wait_for_news(client)
        # By all members at once, so that none of them falls off the oplog of the others.
        padding = client.get_database("padding", write_concern=WriteConcern(w=len(mongodb.members)))["padding"]
        number = 0
        while True:
            try:
                number += 1
                padding.replace_one({"_id": 0}, {"bytes": bytes([number % 256]) * _PADDING}, upsert=True)
                if _is_over(mongodb, client):
                    return
            except PyMongoError:
                time.sleep(0.2)
            if time.monotonic() > deadline:
                raise TimeoutError(f"the oplog still reaches back after {number} times {_PADDING} bytes")


def _wait_for_news(client: Mongo) -> None:
    """Until some events came that nobody publishes; none come where the load is at its end."""
    deadline, before = time.monotonic() + _NEWS_SECONDS, None
    while time.monotonic() < deadline:
        try:
            events = client[DATABASE][JOURNAL].estimated_document_count()
        except PyMongoError:
            continue
        before = events if before is None else before
        if events >= before + _NEWS:
            return
        time.sleep(0.05)


def _is_over(mongodb: ReplicaSet, client: Mongo) -> bool:
    """Whether no member's oplog has what the relays recorded last."""
    heartbeat = client[DATABASE][HEARTBEATS].find_one({"_id": "relay"})
    assert heartbeat is not None
    recorded = Timestamp(*Position.parse(heartbeat["recorded"]).cluster_time)
    for member in mongodb.members:
        with member.client() as one:
            oldest = one["local"]["oplog.rs"].find({}, {"ts": 1}).sort("$natural", 1).limit(1).next()
            if oldest["ts"] <= recorded:
                return False
    return True
