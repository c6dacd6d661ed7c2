"""From the journal to the streams: refills what a stream has lost, and gives positions to what never had one."""

from collections.abc import AsyncIterator, Mapping, Sequence, Set
from contextlib import aclosing
from itertools import count
from typing import Final

from bson import Timestamp

from write_model.contracts.envelope import aggregate_of, version_of
from write_model.contracts.streams import BEGINNING, MOST_TOGETHER, ORDINAL_BITS, Position, partition_of
from write_model.mongo.database import JOURNAL, Client, Database, Document
from write_model.mongo.discarded import discarded_ids
from write_model.mongo.journal import to_entry, to_tombstone
from write_model.mongo.transaction import operation_time
from write_model.relay import changes, segments
from write_model.relay.publisher import Entry, Publisher
from write_model.relay.segments import Recorded

_CHUNK: Final = 1_000


class TooManyUnpublished(Exception):
    """More events than one commit has ordinals were never published."""


class JournalLacks(Exception):
    """An event that was published is in the journal no more."""

    def __init__(self, event_id: str) -> None:
        super().__init__(f"the journal lacks {event_id}, which was published")
        self.event_id = event_id


def entry_of(position: Position, document: Document, partitions: int, discarded: Set[str]) -> Entry:
    """The stream entry of a journal's document, or of its tombstone where it is one of those that were given up."""
    fields = to_tombstone(document) if document["_id"] in discarded else to_entry(document)
    return Entry(position, partition_of(document["aggregate_id"], partitions), fields)


async def refill(database: Database, publisher: Publisher) -> int:
    """Publish what is recorded and lies beyond the ends of the streams; answers the number of events.

    Positions are the recorded ones, so the streams come out as they were, tombstones for what was given up since.
    """
    ends = await publisher.open()
    discarded = await discarded_ids(database)
    refilled = 0
    async for missing in _commits_together(_beyond(database, ends)):
        refilled += len(missing)
        await publisher.publish(await entries_of(database, missing, len(ends), discarded))
    return refilled


async def _beyond(database: Database, ends: Mapping[int, Position]) -> AsyncIterator[Recorded]:
    async for part in segments.recorded_after(database, min(ends.values())):
        for position, id in part:
            if position > ends[partition_of_event(id, len(ends))]:
                yield position, id


async def _commits_together(events: AsyncIterator[Recorded]) -> AsyncIterator[list[Recorded]]:
    """In parts that end with a commit, as long as that has no more than MOST_TOGETHER.

    A partition gets its part at once, so that a step of the projector can take in all of a commit.
    """
    part: list[Recorded] = []
    async for position, id in events:
        is_another = part and position.cluster_time != part[-1][0].cluster_time
        if (is_another and len(part) >= _CHUNK) or len(part) >= MOST_TOGETHER:
            yield part
            part = []
        part.append((position, id))
    if part:
        yield part


def partition_of_event(event_id: str, partitions: int) -> int:
    """The partition of the event's aggregate."""
    return partition_of(aggregate_of(event_id), partitions)


async def entries_of(
    database: Database, events: Sequence[Recorded], partitions: int, discarded: Set[str]
) -> list[Entry]:
    """The stream entries of recorded events, a bounded number, in their order; JournalLacks."""
    found = await database[JOURNAL].find({"_id": {"$in": [id for _, id in events]}}).to_list(None)
    documents = {document["_id"]: document for document in found}
    entries = []
    for position, id in events:
        if id not in documents:
            raise JournalLacks(id)
        entries.append(entry_of(position, documents[id], partitions, discarded))
    return entries


async def reconcile(
    client: Client, database: Database, publisher: Publisher, recorded: Position | None, holder: str
) -> Position:  # fmt: skip
    """Publish and record all that was committed up to now, without the oplog; answers where to follow from.

    For the first start, and for a relay that was away longer than the oplog reaches. A heartbeat at cluster time H
    divides the time: the journal is read as of H; an event that is in a stream keeps its position there, one that
    is nowhere gets `H | ordinal`.
    """
    marker = await _mark(client, database, holder)
    known: set[str] = set()
    beyond: dict[str, Position] = {}
    async for part in segments.recorded_after(database, BEGINNING):
        known.update(id for _, id in part)
        beyond.update((id, position) for position, id in part if position > (recorded or BEGINNING))
    in_streams = await publisher.events_after(recorded or BEGINNING)
    unknown = {id: position for id, position in in_streams.items() if id not in known}
    # What another relay recorded beyond W is recorded anew, or W would stand above what only a later segment has. And
    # what it published above the marker is left to whoever follows from there.
    keep = sorted((position, id) for id, position in {**unknown, **beyond}.items() if position < marker)
    unpublished: list[str] = []
    command: Document = {
        "find": JOURNAL,
        "projection": {"_id": 1},
        "readConcern": {"level": "snapshot", "atClusterTime": Timestamp(*marker.cluster_time)},
    }
    async with await client.start_session() as session:
        async for batch in changes.raw_batches(database, session, command):
            ids = (document["_id"] for document in batch)
            unpublished += [id for id in ids if id not in known and id not in in_streams]
    # The heartbeat itself has ordinal 0.
    positions = (Position(marker.ms, marker.seq + ordinal) for ordinal in count(1))
    fresh = list(zip(positions, sorted(unpublished, key=_causally), strict=False))
    if len(fresh) >= 1 << ORDINAL_BITS:
        raise TooManyUnpublished(f"{len(fresh)} events were never published")
    end = Position(marker.ms, marker.seq + len(fresh))
    # The record decides, in one step: of two relays that come this far at once, one starts over.
    await segments.settle(client, database, keep + fresh, recorded, end)
    await refill(database, publisher)
    return end


def _causally(event_id: str) -> tuple[bool, int]:
    """Sorts an aggregate's events by version, and customers before their orders, of which nothing else is to follow.

    What a member of the replica set has inserted first does not say: secondaries apply in parallel what one after
    another was committed, and may have become the primary since.
    """
    return not event_id.startswith("cus_"), version_of(event_id)


async def _mark(client: Client, database: Database, holder: str) -> Position:
    """Write a heartbeat and find its cluster time, which nothing else has."""
    async with await client.start_session() as session:
        await database.command("ping", session=session)
        before = operation_time(session)
    await segments.mark(database, holder)
    start = Position.of_commit(before.time, before.inc)
    async with aclosing(changes.follow(client, database, start)) as batches:
        async for batch in batches:
            for change in batch:
                if change.document is None and change.position > start:
                    return change.position
    raise AssertionError("a change stream has no end")
