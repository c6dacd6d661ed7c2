"""Collections and indexes: made at every start, which does nothing where they are there."""

from collections.abc import Iterable
from typing import Any, Final

from pymongo import ASCENDING, IndexModel
from pymongo.collation import Collation, CollationStrength
from pymongo.errors import CollectionInvalid, OperationFailure

from write_model.mongo.database import DISCARDED, HEARTBEATS, JOURNAL, LEASES, RECEIPTS, SEGMENTS, Database
from write_model.ports import Aggregate

RECEIPT_LIFETIME_SECONDS: Final = 7 * 24 * 3600

_NAMESPACE_EXISTS: Final = 48

# Two addresses that differ in case only are one to the people who type them.
_CASELESS = Collation("en", strength=CollationStrength.SECONDARY)

_INDEXES: Final[dict[str, list[IndexModel]]] = {
    JOURNAL: [],
    RECEIPTS: [IndexModel([("at", ASCENDING)], name="at", expireAfterSeconds=RECEIPT_LIFETIME_SECONDS)],
    LEASES: [],
    SEGMENTS: [],
    HEARTBEATS: [],
    DISCARDED: [],
}


def _indexes(aggregates: Iterable[Aggregate[Any]]) -> dict[str, list[IndexModel]]:
    own = {
        aggregate.collection: [
            *(
                IndexModel([(field, ASCENDING)], name=field, unique=True, collation=_CASELESS)
                for field in aggregate.taken
            ),
            *(IndexModel([(f, ASCENDING) for f in fields], name="_".join(fields)) for fields in aggregate.found_by),
        ]
        for aggregate in aggregates
    }
    return own | _INDEXES


async def ensure_indexes(database: Database, aggregates: Iterable[Aggregate[Any]]) -> None:
    """Make what is missing. Collections first: one that a transaction made would conflict with another's."""
    existing = set(await database.list_collection_names())
    for collection, indexes in _indexes(aggregates).items():
        if collection not in existing:
            await _create(database, collection)
        if indexes:
            await database[collection].create_indexes(indexes)


async def _create(database: Database, collection: str) -> None:
    try:
        await database.create_collection(collection)
    except CollectionInvalid:
        pass  # another process was first
    except OperationFailure as error:
        if error.code != _NAMESPACE_EXISTS:  # the same, in the same moment
            raise


async def missing_indexes(database: Database, aggregates: Iterable[Aggregate[Any]]) -> list[str]:
    """What `ensure_indexes` would make, as `collection.index`; empty when all is there."""
    missing: list[str] = []
    for collection, indexes in _indexes(aggregates).items():
        if indexes:
            there = await database[collection].index_information()
            missing += [f"{collection}.{i.document['name']}" for i in indexes if i.document["name"] not in there]
    return missing
