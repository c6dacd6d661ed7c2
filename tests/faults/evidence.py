"""What is left after a run, read past every part of ours: the journal, the stored aggregates, the streams."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from pymongo import MongoClient
from redis import Redis

from write_model.commands import AGGREGATES
from write_model.contracts.codec import WATERMARK
from write_model.contracts.streams import events_key

PARTITIONS: Final = 8
STATUS_OF: Final = {
    "OrderCreated": "DRAFT", "OrderPlaced": "PLACED", "OrderConfirmed": "CONFIRMED", "OrderShipped": "SHIPPED",
    "OrderDelivered": "DELIVERED", "OrderCancelled": "CANCELLED",
}  # fmt: skip
"""The status that an order comes into by each event; the others leave it where it is."""
Document = dict[str, Any]
Entry = tuple[str, str, int]
"""Of a stream: its id, the event's aggregate and version."""


@dataclass
class Evidence:
    """`journal`: by aggregate, ascending by version; `stored`: by aggregate; `streams`: by partition, in order."""

    journal: dict[str, list[Document]] = field(default_factory=dict)
    stored: dict[str, Document] = field(default_factory=dict)
    streams: dict[int, list[Entry]] = field(default_factory=dict)

    def of_kind(self, kind: str) -> Iterator[tuple[str, list[Document]]]:
        """The histories of the aggregates whose id begins so: `ord`, `prd`, `cus`, `cmd`."""
        return ((id, events) for id, events in self.journal.items() if id.startswith(kind))


def collect(mongodb_url: str, database: str, redis: Redis) -> Evidence:
    """Everything there is."""
    evidence = Evidence()
    journal: dict[str, list[Document]] = defaultdict(list)
    with MongoClient[Document](mongodb_url, tz_aware=True) as client:
        for event in client[database]["journal"].find():
            journal[event["aggregate_id"]].append(event)
        for aggregate in AGGREGATES:
            for document in client[database][aggregate.collection].find():
                evidence.stored[document["_id"]] = document
    evidence.journal = {id: sorted(events, key=lambda event: event["version"]) for id, events in journal.items()}
    for partition in range(PARTITIONS):
        entries: Any = redis.xrange(events_key(partition))
        evidence.streams[partition] = [
            (id, fields["aggregate"], int(fields["version"])) for id, fields in entries if WATERMARK not in fields
        ]
    return evidence
