"""Queries for what could not be projected: for operators, whatever state the read model is in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from read_model.connection import Reader
from read_model.multiplexed import Command
from read_model.schema.keys import Keys
from read_model.schema.parked import REASON, aggregate_of, queue_of
from write_model.contracts.codec import TOMBSTONE
from write_model.contracts.envelope import event_id
from write_model.contracts.given_up import place_of
from write_model.contracts.ids import kind_of
from write_model.contracts.streams import Position, partition_of

PAGE: Final = 1_000
"""Parked events of a partition that are read at once."""

# HGETALL itself looks otherwise in every protocol.
_HASH: Final = "return redis.call('HGETALL', KEYS[1])"

Place = tuple[int, str, Position]
"""Partition, aggregate, position."""


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """An event that was set aside; `entry` is as it came in the stream, and need not be readable."""

    partition: int
    position: Position
    aggregate_id: str
    reason: str
    entry: Mapping[str, str]

    @property
    def type(self) -> str:
        """The event's type, as the entry says it."""
        return self.entry.get("type") or self.entry.get(TOMBSTONE) or ""

    @property
    def version(self) -> int | None:
        """The aggregate's version after the event; None where the entry has none."""
        text = self.entry.get("version", "")
        return int(text) if text.isdecimal() else None

    @property
    def event_id(self) -> str | None:
        """The event's id; None where the entry does not say whose it is."""
        return event_id(self.aggregate_id, self.version) if self.aggregate_id and self.version else None

    @property
    def is_given_up(self) -> bool:
        """Whether this is the tombstone of a discarded event, which waits behind another."""
        return TOMBSTONE in self.entry


@dataclass(frozen=True, slots=True)
class ParkedQueue:
    """The event to blame, and how many later ones of its aggregate wait behind it."""

    head: ParkedEvent
    behind: int


async def parked_events(reader: Reader) -> int:
    """How many events are parked; Unavailable. One round trip."""
    partitions = range(reader.partitions)
    replies = await reader.read(dict.fromkeys(partitions, lambda keys: [("ZCARD", keys.parked())]), complete=False)
    return sum(count for [count] in replies.values())


async def parked_queues(reader: Reader) -> list[ParkedQueue]:
    """Every queue, in the order in which their heads were published; Unavailable."""
    places = [place for partition in range(reader.partitions) for place in await _places(reader, partition, "-", "+")]
    heads: dict[tuple[str, Position | None], Place] = {}
    counts: dict[tuple[str, Position | None], int] = {}
    for place in places:
        _, aggregate_id, position = place
        queue = (aggregate_id, None if aggregate_id else position)
        heads.setdefault(queue, place)
        counts[queue] = counts.get(queue, 0) + 1
    # One may have left meanwhile.
    found = {(event.partition, event.position): event for event in await _events(reader, list(heads.values()))}
    queues = [
        ParkedQueue(found[partition, position], counts[queue] - 1)
        for queue, (partition, _, position) in heads.items()
        if (partition, position) in found
    ]
    return sorted(queues, key=lambda queue: queue.head.position)


async def parked_queue(reader: Reader, event: ParkedEvent) -> list[ParkedEvent]:
    """The queue that the event stands in, in order; Unavailable."""
    bounds = queue_of(event.aggregate_id, event.position)
    return await _events(reader, await _places(reader, event.partition, *bounds))


async def find_parked(reader: Reader, id: str) -> ParkedEvent | None:
    """The parked event with the position or event id, or the first of an aggregate; Unavailable."""
    position = _position(id)
    if position:
        found = await _events(reader, [(partition, "", position) for partition in range(reader.partitions)])
        return found[0] if found else None
    aggregate_id, _, version = id.partition("@")
    if kind_of(aggregate_id) is None:
        return None
    partition = partition_of(aggregate_id, reader.partitions)
    places = await _places(reader, partition, *queue_of(aggregate_id, Position(0, 0)))
    queue = await _events(reader, places[:1] if not version else places)
    return next((event for event in queue if not version or event.event_id == id), None)


def _position(text: str) -> Position | None:
    try:
        return Position.parse(text)
    except ValueError:
        return None


async def _places(reader: Reader, partition: int, first: str, last: str) -> list[Place]:
    places: list[Place] = []
    while True:

        def page(keys: Keys, start: str = first) -> list[Command]:
            return [("ZRANGE", keys.parked(), start, last, "BYLEX", "LIMIT", 0, PAGE)]

        [members] = (await reader.read({partition: page}, complete=False))[partition]
        places += [(partition, *place_of(member)) for member in members]
        if len(members) < PAGE:
            return places
        first = f"({members[-1]}"


async def _events(reader: Reader, places: Sequence[Place]) -> list[ParkedEvent]:
    """Those of the places that have an event, in the same order."""
    found: list[ParkedEvent] = []
    for start in range(0, len(places), PAGE):
        part = places[start : start + PAGE]

        def hashes(keys: Keys, part: Sequence[Place] = part) -> list[Command]:
            return [("EVAL_RO", _HASH, 1, keys.parked_event(at)) for p, _, at in part if p == keys.partition]

        replies = await reader.read(dict.fromkeys((partition for partition, _, _ in part), hashes), complete=False)
        flats = {partition: iter(its) for partition, its in replies.items()}
        for partition, _, position in part:
            flat = next(flats[partition])
            fields = dict(zip(flat[::2], flat[1::2], strict=True))
            if fields:
                reason = fields.pop(REASON)
                found.append(ParkedEvent(partition, position, aggregate_of(fields), reason, fields))
    return found
