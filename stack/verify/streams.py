"""The streams against the journal: they may have forgotten, but an event that the journal lacks was never committed."""

from typing import Any, Final

from redis.asyncio import Redis

from stack.verify.findings import Findings
from write_model.contracts.envelope import event_id
from write_model.contracts.streams import events_key
from write_model.mongo.database import JOURNAL, Database

_PAGE: Final = 1_000


async def verify_stream(redis: Redis, database: Database, partition: int, findings: Findings) -> None:
    """Relays publish what is committed for good, so nothing has to be held. Redis decodes its responses."""
    start = "-"
    while page := await redis.xrange(events_key(partition), start, "+", count=_PAGE):
        ids = [id for _, fields in page if (id := _event_of(fields))]
        found = database[JOURNAL].find({"_id": {"$in": ids}}, {"_id": 1})
        there = {document["_id"] async for document in found}
        for id in ids:
            if id not in there:
                problem = "is not in the journal: if MongoDB was set back, empty Redis"
                findings.add(f"partition {partition}, stream", f"{id} {problem}")
        start = f"({page[-1][0]!s}"


def _event_of(fields: Any) -> str | None:
    """None for a watermark, and for what is parked because nobody can read it."""
    aggregate_id, version = fields.get("aggregate"), fields.get("version", "")
    return event_id(aggregate_id, int(version)) if aggregate_id and version.isdecimal() else None
