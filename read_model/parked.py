"""Queries for what could not be projected: for operators, whatever state the read model is in."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from read_model.connection import Reader
from read_model.errors import BadCursor
from read_model.multiplexed import Command
from read_model.pages import Page, PageRequest
from read_model.schema.keys import Keys
from read_model.schema.parked import REASON, aggregate_of, queue_of
from write_model.contracts.codec import TOMBSTONE
from write_model.contracts.envelope import event_id
from write_model.contracts.given_up import member_of, place_of
from write_model.contracts.ids import kind_of
from write_model.contracts.streams import Position, partition_of

PAGE: Final = 1_000
"""Parked events of a partition that are read at once."""

# HGETALL itself looks otherwise in every protocol.
_HASH: Final = "return redis.call('HGETALL', KEYS[1])"

# KEYS: parked. ARGV: where to begin (a bound), how many queues. Answers of each its first member, and how many others
# it has. A member ends with a zero and the 33 characters of its position (given_up.member_of).
_HEADS: Final = """
local found, start, most = {}, ARGV[1], tonumber(ARGV[2])
while #found < most do
  local member = redis.call('ZRANGE', KEYS[1], start, '+', 'BYLEX', 'LIMIT', 0, 1)[1]
  if not member then break end
  local aggregate, behind = string.sub(member, 1, -35), 0
  start = '(' .. member
  if aggregate ~= '' then
    local last = '(' .. aggregate .. '\\0:'
    behind, start = redis.call('ZLEXCOUNT', KEYS[1], start, last), '[' .. string.sub(last, 2)
  end
  found[#found + 1] = {member, behind}
end
return found
"""

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


async def parked_page(reader: Reader, page: PageRequest) -> Page[ParkedQueue]:
    """A page of the queues, forward only, by partition and aggregate; BadCursor, Unavailable. Two round trips.

    `total_count` is that of all parked events, those that wait behind others included.
    """
    since, after = _after(page.after, reader.partitions)

    def heads(keys: Keys) -> list[Command]:
        start = after if keys.partition == since else "-"
        size = page.size + 1 if keys.partition >= since else 0
        return [("ZCARD", keys.parked()), ("EVAL_RO", _HEADS, 1, keys.parked(), start, size)]

    replies = await reader.read(dict.fromkeys(range(reader.partitions), heads), complete=False)
    found = [
        ((partition, *place_of(member)), behind)
        for partition, (_, members) in replies.items()
        for member, behind in members
    ]
    places = found[: page.size]
    events = {(event.partition, event.position): event for event in await _events(reader, [at for at, _ in places])}
    # One may have left meanwhile.
    there = [(place, behind) for place, behind in places if (place[0], place[2]) in events]
    return Page(
        rows=tuple(ParkedQueue(events[p, position], behind) for (p, _, position), behind in there),
        cursor_at=lambda place: _cursor_of(*there[place][0]),
        has_next=len(found) > page.size,
        has_previous=page.after is not None,
        total_count=sum(counted for counted, _ in replies.values()),
    )


def _cursor_of(partition: int, aggregate_id: str, position: Position) -> str:
    member = f"{partition}:{member_of(aggregate_id, position)}"
    return base64.urlsafe_b64encode(member.encode(errors="surrogateescape")).decode().rstrip("=")


def _after(cursor: str | None, partitions: int) -> tuple[int, str]:
    """The partition, and the bound in it, after which a page begins; BadCursor."""
    if cursor is None:
        return 0, "-"
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode(errors="surrogateescape")
        partition, _, member = text.partition(":")
        aggregate_id, position = place_of(member)
        if not 0 <= int(partition) < partitions:
            raise BadCursor(argument="after")
    except ValueError as error:
        raise BadCursor(argument="after") from error
    # After the whole queue, whatever became of its head.
    return int(partition), f"[{aggregate_id}\0:" if aggregate_id else f"({member_of('', position)}"


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


async def parked_behind(reader: Reader, event: ParkedEvent) -> int:
    """How many of its queue are behind the event; Unavailable. One round trip."""
    first, (_, last) = f"({member_of(event.aggregate_id, event.position)}", queue_of(event.aggregate_id, event.position)

    def counted(keys: Keys) -> list[Command]:
        return [("ZLEXCOUNT", keys.parked(), first, last)]

    [count] = (await reader.read({event.partition: counted}, complete=False))[event.partition]
    return int(count)


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
