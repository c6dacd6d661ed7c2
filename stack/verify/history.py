"""Every aggregate's history in the journal, one after the other, in memory that does not grow with any of them."""

from collections.abc import AsyncIterator
from typing import Any, Final

from write_model.contracts.envelope import event_id
from write_model.mongo.database import JOURNAL, Database, Document

KEPT: Final = 2_000
"""Events of one aggregate that are kept while its history is read; of a longer one they are read again in order."""
_CONTEXT: Final = ("aggregate_id", "version", "ordinal", "occurred_at", "command_id", "actor", "trace")
_FIELDS: Final = dict.fromkeys((*_CONTEXT, "type", "schema_version", "data"), 1)


async def histories(database: Database) -> AsyncIterator[tuple[str, AsyncIterator[Document]]]:
    """By aggregate: the documents of its events, ascending by version.

    In the order of the index of ids that is, which has an aggregate's events together, but @10 before @2.
    """
    id, kept, count = "", list[Document](), 0
    async for document in database[JOURNAL].find({}, _FIELDS).sort("_id", 1).batch_size(1_000):
        if document["aggregate_id"] != id:
            if count:
                yield id, _kept(kept) if count <= KEPT else history(database, id)
            id, kept, count = document["aggregate_id"], [], 0
        count += 1
        if count <= KEPT:
            kept.append(document)
    if count:
        yield id, _kept(kept) if count <= KEPT else history(database, id)


async def _kept(documents: list[Document]) -> AsyncIterator[Document]:
    for document in sorted(documents, key=lambda document: int(document["version"])):
        yield document


async def history(database: Database, id: str, session: Any = None) -> AsyncIterator[Document]:
    """One aggregate's, of any length: versions of one digit first, then those of two, and so on."""
    everything = {"$gte": f"{id}@", "$lt": f"{id}A"}
    low: int = 1
    while await database[JOURNAL].find_one({"_id": everything, "version": {"$gte": low}}, {"_id": 1}, session=session):
        high = 10 * low - 1
        asked = {
            "_id": {"$gte": event_id(id, low), "$lte": event_id(id, high)},
            "version": {"$gte": low, "$lte": high},
        }
        async for document in database[JOURNAL].find(asked, _FIELDS, session=session).sort("_id", 1):
            yield document
        low = high + 1
