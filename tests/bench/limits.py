"""What MongoDB and Redis themselves allow: commits of the same documents, entries in the same streams."""

from collections.abc import Iterator
from itertools import islice
from time import perf_counter
from typing import Any, Final

from pymongo import InsertOne, MongoClient, ReplaceOne
from pymongo.write_concern import WriteConcern
from redis import Redis

from tests.bench.copies import with_database
from tests.bench.shop import Commit, Shop
from write_model.commands import AGGREGATES
from write_model.contracts.orders import OrderPlaced
from write_model.contracts.streams import partition_of
from write_model.mongo import journal

COMMANDS: Final = 64
"""In one transaction."""
ENTRIES: Final = 1_000
"""In one pipeline."""
STREAMED: Final = 100_000
"""Events that are enough to measure the streams."""
PARTITIONS: Final = 8
DATABASE: Final = "limits"
STREAMS_DATABASE: Final = 3

Document = dict[str, Any]
_KINDS: Final = {aggregate.kind: aggregate for aggregate in AGGREGATES}


def placements(shop: Shop) -> Iterator[Commit]:
    """The commits of the shop's history in which an order was placed."""
    return (commit for commit in shop.history() if isinstance(commit[0].event, OrderPlaced))


def commit_rate(mongodb_url: str, events: int, transactions: int) -> float:
    """placeOrder commands a second that MongoDB takes, were there nothing else to do: 64 in a transaction.

    A command is what this system writes for it: an order, its products, its events and a receipt.
    """
    shop = Shop(events)
    with MongoClient[Document](mongodb_url) as client:
        client.drop_database(DATABASE)
        database = client.get_database(DATABASE, write_concern=WriteConcern("majority", j=True))
        for collection in ("orders", "products", "journal", "receipts"):
            database.create_collection(collection)
        commits, seconds, done = placements(shop), 0.0, 0
        while done < transactions * COMMANDS and (part := list(islice(commits, COMMANDS))):
            operations = _operations(shop, part)
            began = perf_counter()
            with client.start_session() as session, session.start_transaction():
                for collection, writes in operations.items():
                    database[collection].bulk_write(writes, ordered=False, session=session)
            seconds += perf_counter() - began
            done += len(part)
        client.drop_database(DATABASE)
    return done / seconds


def _operations(shop: Shop, commits: list[Commit]) -> dict[str, list[Any]]:
    """What the commits write, the states being those after the last of them."""
    products: dict[str, Any] = {}
    orders: list[Any] = []
    events: list[Any] = []
    receipts: list[Any] = []
    for commit in commits:
        order, *reserved = (envelope.aggregate_id for envelope in commit)
        orders.append(InsertOne(_document(shop, order)))
        products.update({id: ReplaceOne({"_id": id}, _document(shop, id), upsert=True) for id in reserved})
        events.extend(InsertOne(journal.to_document(envelope)) for envelope in commit)
        receipts.append(InsertOne({"_id": f"staff:{order}", "id": order, "version": 1, "at": commit[0].occurred_at}))
    return {"orders": orders, "products": list(products.values()), "journal": events, "receipts": receipts}


def _document(shop: Shop, id: str) -> Document:
    return _KINDS[id[:3]].to_document(shop.states[id])  # type: ignore[index]


def stream_rate(redis_url: str, events: int) -> float:
    """Events a second that Redis takes into the streams, a thousand in a pipeline."""
    entries = (
        (f"limit:{partition_of(envelope.aggregate_id, PARTITIONS)}", journal.to_entry(journal.to_document(envelope)))
        for commit in Shop(min(events, STREAMED)).history()
        for envelope in commit
    )
    seconds, done = 0.0, 0
    with Redis.from_url(with_database(redis_url, STREAMS_DATABASE)) as redis:
        redis.flushdb()
        while part := list(islice(entries, ENTRIES)):
            pipeline = redis.pipeline(transaction=False)
            for n, (key, fields) in enumerate(part):
                pipeline.xadd(key, dict(fields), id=f"{done + n + 1}-0")
            began = perf_counter()
            pipeline.execute()
            seconds += perf_counter() - began
            done += len(part)
        redis.flushdb()
    return done / seconds
