"""The events that operators gave up, by id, beside the journal, which keeps them: a replay puts tombstones for them."""

from dataclasses import dataclass
from datetime import datetime

from write_model.contracts.envelope import aggregate_of
from write_model.contracts.streams import Position
from write_model.mongo.database import DISCARDED, JOURNAL, Database
from write_model.ports import Clock


class NotInJournal(Exception):
    """The journal has no such event, so no replay would bring it back."""


@dataclass(frozen=True, slots=True)
class Discard:
    """Who gave up which event, when, and why (may be empty); `position` is the event's in its stream."""

    event_id: str
    position: str
    by: str
    at: datetime
    why: str = ""


class Discards:
    """The records, for those who give up events (read_model.parking.Discards)."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def record(self, event_id: str, position: str, by: str, why: str) -> bool | None:
        """Record it, the first word for ever; whether that is new, None where the journal has no such event."""
        try:
            return await record(self._database, Discard(event_id, position, by, self._clock(), why))
        except NotInJournal:
            return None

    async def withdraw(self, event_id: str) -> None:
        """See `withdraw`."""
        await withdraw(self._database, event_id)


async def record(database: Database, discard: Discard) -> bool:
    """Record it, the first word for ever; False where the event is given up already. NotInJournal."""
    if await database[JOURNAL].find_one({"_id": discard.event_id}, {"_id": 1}) is None:
        raise NotInJournal(discard.event_id)
    recorded = await database[DISCARDED].update_one(
        {"_id": discard.event_id},
        {"$setOnInsert": {"position": discard.position, "by": discard.by, "at": discard.at, "why": discard.why}},
        upsert=True,
    )
    return recorded.upserted_id is not None


async def withdraw(database: Database, event_id: str) -> None:
    """The event is not given up after all: it was projected before the projector learned of it."""
    await database[DISCARDED].delete_one({"_id": event_id})


async def find(database: Database, id: str) -> Discard | None:
    """The record of a discarded event, by its id or its position."""
    found = await database[DISCARDED].find_one({"$or": [{"_id": id}, {"position": id}]})
    return Discard(found["_id"], found["position"], found["by"], found["at"], found["why"]) if found else None


async def discarded_places(database: Database) -> list[tuple[str, Position]]:
    """Aggregate and position of each of them."""
    found = database[DISCARDED].find({}, {"position": 1})
    return [(aggregate_of(document["_id"]), Position.parse(document["position"])) async for document in found]


async def discarded_ids(database: Database) -> frozenset[str]:
    """The ids of all events that were given up; operators make few."""
    return frozenset([document["_id"] async for document in database[DISCARDED].find({}, {"_id": 1})])
