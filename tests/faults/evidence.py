"""What is left after a run, read past every part of ours: the journal, the stored aggregates, the streams."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pymongo import MongoClient
from redis import Redis

from write_model.commands import AGGREGATES
from write_model.contracts.codec import WATERMARK
from write_model.contracts.streams import Position, events_key

PARTITIONS: Final = 8
STATUS_OF: Final = {
    "OrderCreated": "DRAFT", "OrderPlaced": "PLACED", "OrderConfirmed": "CONFIRMED", "OrderShipped": "SHIPPED",
    "OrderDelivered": "DELIVERED", "OrderCancelled": "CANCELLED",
}  # fmt: skip
"""The status that an order comes into by each event; the others leave it where it is."""
POISON: Final = "poison"
"""The command id of the events that no projection takes."""
Document = dict[str, Any]
Entry = tuple[str, str, int]
"""Of a stream: its id, the event's aggregate and version."""


@dataclass
class Evidence:
    """`journal`: by aggregate, ascending by version; `stored`: by aggregate; `streams`: by partition, in order.

    `discarded`: the ids of the events that were given up. `generations`: by partition, the one that serves, and all
    that have keys.
    """

    journal: dict[str, list[Document]] = field(default_factory=dict)
    stored: dict[str, Document] = field(default_factory=dict)
    streams: dict[int, list[Entry]] = field(default_factory=dict)
    discarded: frozenset[str] = frozenset()
    generations: dict[int, tuple[int, frozenset[int]]] = field(default_factory=dict)

    @property
    def shown(self) -> "Evidence":
        """As the read model is to show it: without what was given up, which is never an aggregate's last event."""
        journal = {id: [e for e in events if e["_id"] not in self.discarded] for id, events in self.journal.items()}
        return replace(self, journal=journal)

    def of_kind(self, kind: str) -> Iterator[tuple[str, list[Document]]]:
        """The histories of the aggregates whose id begins so: `ord`, `prd`, `cus`, `cmd`."""
        return ((id, events) for id, events in self.journal.items() if id.startswith(kind))


def collect(mongodb_url: str, database: str, redis: Redis, past: Mapping[int, Collection[Entry]]) -> Evidence:
    """Everything there is; `past`: by partition, the entries that were let go."""
    evidence = Evidence()
    journal: dict[str, list[Document]] = defaultdict(list)
    with MongoClient[Document](mongodb_url, tz_aware=True) as client:
        for event in client[database]["journal"].find():
            journal[event["aggregate_id"]].append(event)
        for aggregate in AGGREGATES:
            for document in client[database][aggregate.collection].find():
                evidence.stored[document["_id"]] = document
        evidence.discarded = frozenset(document["_id"] for document in client[database]["discarded"].find())
    evidence.journal = {id: sorted(events, key=lambda event: event["version"]) for id, events in journal.items()}
    for partition in range(PARTITIONS):
        entries = {*past.get(partition, ()), *entries_of(redis, partition)}
        evidence.streams[partition] = sorted(entries, key=lambda entry: Position.parse(entry[0]))
    return evidence


def entries_of(redis: Redis, partition: int, *, below: Position | None = None) -> list[Entry]:
    """The events in the partition's stream, all or those below the position."""
    entries: Any = redis.xrange(events_key(partition), max=f"({below}" if below else "+")
    return [(id, fields["aggregate"], int(fields["version"])) for id, fields in entries if WATERMARK not in fields]
