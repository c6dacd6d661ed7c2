"""One partition in Redis: its checkpoint, its entries, its rows, and the one place that applies a step to them."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple, cast

from redis.asyncio import Redis

from projector.given_up import GivenUp
from projector.incoming import Entry
from projector.news import read_news
from projector.parking import Parked
from projector.projections.renames import Rename
from projector.reaching import reaching_redis
from projector.retrying import Answered, Asked
from projector.rows import Fields, RowId, row_key
from projector.scripts import APPLY, QUEUES, RANKED, READ
from projector.writes import Writes, bits_of
from read_model.schema.changes import Change, encode_changes
from read_model.schema.history import KEPT
from read_model.schema.keys import Keys, answer_key, feed_key, requests_key
from read_model.schema.parked import REASON, queue_of
from read_model.schema.requests import Request
from write_model.contracts.given_up import discarded_key, member_of, place_of
from write_model.contracts.streams import BEGINNING, Position, projected_key

FIRST_GENERATION: Final = 1
ANSWER_SECONDS: Final = 3_600
"""How long an answer to a request is kept."""
_LOOK_SECONDS: Final = 1.0
_FIELDS: Final = ["generation", "position", "step"]
FEED_BEGINNING: Final = Position(0, 1)
"""Where a feed says that it has all from the beginning: after a loss of Redis, old cursors are as good as before."""
Argument = str | bytes | int | float
Notices = list[tuple[Position, list[Change]]]


class Checkpoint(NamedTuple):
    """Everything in the stream up to `position` is in the rows of `generation`.

    `step` is the id of the step that came here, which no other has: where checkpoints are equal, all rows are.
    """

    generation: int
    position: Position
    step: str = ""


class Stale(NamedTuple):
    """The checkpoint is not the one that a step began from, but this: nothing was done."""

    checkpoint: Checkpoint


class Read(NamedTuple):
    """Rows as they stand at a checkpoint, which of the aggregates asked for have parked events, and whether any has."""

    rows: dict[RowId, Fields]
    parked_aggregates: frozenset[str]
    has_parked: bool


@dataclass(frozen=True, slots=True)
class Step:
    """From a checkpoint to the position of the last entry taken in, with all that comes of those entries.

    Or a rename carried on, at the checkpoint: the step is refused where somebody else has done that.
    """

    start: Checkpoint
    reached: Position
    has_watermark: bool
    writes: Writes
    parked: Sequence[Parked]
    rename: Rename | None = None
    left: Sequence[tuple[str, Position]] = ()
    """Events that are parked no more: aggregate and position."""
    answers: Sequence[Answered] = ()
    given_up: Sequence[Request] = ()
    """Whose event is given up in this step."""
    id: str = ""
    """Which no other step has."""

    @property
    def end(self) -> Checkpoint:
        """The checkpoint that it leaves."""
        return Checkpoint(self.start.generation, self.reached, self.id)


class Store:
    """A partition. Every method raises Unavailable where Redis fails; then a step may or may not have been applied.

    `at` is the hash in which the checkpoint stands, `given_up` what operators gave up.
    """

    def __init__(self, redis: Redis, partition: int, *, feed_retention_ms: int) -> None:
        self._redis = redis
        self._partition = partition
        self.at = projected_key(partition)
        self.given_up = GivenUp(redis, partition, look_seconds=_LOOK_SECONDS)
        self._feed_retention_ms = feed_retention_ms
        self._read = redis.register_script(READ)
        self._queues = redis.register_script(QUEUES)
        self._ranked = redis.register_script(RANKED)
        self._apply = redis.register_script(APPLY)

    async def checkpoint(self) -> Checkpoint:
        """Where the partition stands."""
        async with reaching_redis():
            stored = await cast("Awaitable[list[str | None]]", self._redis.hmget(self.at, _FIELDS))
        return self._as_checkpoint(*stored)

    async def entries_after(self, position: Position, *, count: int, block_ms: int | None) -> list[Entry]:
        """The next entries, as `read_news` gives them."""
        entries, _ = await read_news(
            self._redis, self._partition, position, count=count, block_ms=block_ms, with_requests=False
        )
        return entries

    async def news_after(
        self, position: Position, *, count: int, block_ms: int | None
    ) -> tuple[list[Entry], list[Asked]]:
        """The next entries and the requests that nobody has taken up, as `read_news` gives them."""
        return await read_news(
            self._redis, self._partition, position, count=count, block_ms=block_ms, with_requests=True
        )

    async def give_up(self, requests: Sequence[Request]) -> list[Asked]:
        """Ask ourselves, as an operator does: so it is done whoever begins it. Answers what to take up at once."""
        async with reaching_redis(), self._redis.pipeline(transaction=False) as pipeline:
            for request in requests:
                pipeline.xadd(requests_key(self._partition), dict(request.encode().items()))
            await pipeline.execute()
        return []

    async def read(self, start: Checkpoint, rows: Sequence[RowId], aggregate_ids: Sequence[str]) -> Read | Stale:
        """The rows and parked aggregates of a batch, in one round trip, if the checkpoint still is `start`."""
        keys = Keys(self._partition, start.generation)
        named = [self.at, keys.parked(), *(row_key(keys, row) for row in rows)]
        async with reaching_redis():
            reply = await self._read(named, [*_of(start), *aggregate_ids])
        if not reply[0]:
            return Stale(self._as_checkpoint(*reply[1:]))
        found = [dict(zip(flat[::2], flat[1::2], strict=True)) for flat in reply[1]]
        return Read(dict(zip(rows, found, strict=True)), frozenset(reply[2]), bool(reply[3]))

    async def queues(
        self, start: Checkpoint, requests: Sequence[Request], at_once: int
    ) -> list[tuple[list[Position], bool]] | Stale:
        """For each request the first of its queue's parked events, so many in all, and whether there are more."""
        keys = Keys(self._partition, start.generation)
        bounds = [bound for request in requests for bound in queue_of(request.aggregate_id, request.position)]
        async with reaching_redis():
            reply = await self._queues([self.at, keys.parked()], [*_of(start), at_once, *bounds])
        if not reply[0]:
            return Stale(self._as_checkpoint(*reply[1:]))
        return [([place_of(member)[1] for member in members], bool(has_more)) for members, has_more in reply[1]]

    async def parked_events(
        self, start: Checkpoint, positions: Sequence[Position]
    ) -> dict[Position, Mapping[str, str]] | Stale:
        """The entries of those of the events that are parked."""
        keys = Keys(self._partition, start.generation)
        async with reaching_redis():
            reply = await self._read([self.at, keys.parked(), *map(keys.parked_event, positions)], _of(start))
        if not reply[0]:
            return Stale(self._as_checkpoint(*reply[1:]))
        found: dict[Position, Mapping[str, str]] = {}
        for position, flat in zip(positions, reply[1], strict=True):
            if flat:
                fields = dict(zip(flat[::2], flat[1::2], strict=True))
                found[position] = {name: text for name, text in fields.items() if name != REASON}
        return found

    async def next_rename(self, start: Checkpoint, at_once: int) -> Rename | Stale | None:
        """The next of a customer's orders that must show another name, if the checkpoint still is `start`."""
        keys = Keys(self._partition, start.generation)
        waiting = await self._range(start, keys.renames(), 0, 0)
        if isinstance(waiting, Stale):
            return waiting
        if not waiting:
            return None
        customer_id, done = waiting[0][0], int(waiting[0][1])
        orders = await self._range(start, keys.orders(customer_id=customer_id), done, done + at_once - 1)
        if isinstance(orders, Stale):
            return orders
        return Rename(customer_id, done, [id for id, _ in orders], is_last=len(orders) < at_once)

    async def _range(self, start: Checkpoint, key: str, first: int, last: int) -> list[tuple[str, str]] | Stale:
        async with reaching_redis():
            reply = await self._ranked([self.at, key], [*_of(start), first, last])
        if not reply[0]:
            return Stale(self._as_checkpoint(*reply[1:]))
        return list(zip(reply[1][::2], reply[1][1::2], strict=True))

    async def apply(self, step: Step) -> Stale | None:
        """Write all of the step and its checkpoint, or nothing where it does not begin from what stands there."""
        keys, arguments = self._flatten(step)
        async with reaching_redis():
            reply = await self._apply(keys, arguments)
        return None if reply[0] else Stale(self._as_checkpoint(*reply[1:]))

    def _flatten(self, step: Step) -> tuple[list[str], list[Argument]]:
        """KEYS and ARGV of the script."""
        names, writes, partition = Keys(self._partition, step.start.generation), step.writes, self._partition
        told, kept, notices = self._told(step)
        keys = [self.at, told, names.parked(), requests_key(partition), names.renames(), discarded_key(partition)]
        arguments: list[Argument] = [
            *_of(step.start),
            str(step.reached),
            "complete" if step.has_watermark else "",
            kept,
            *((step.rename.customer_id, step.rename.done) if step.rename else ("", 0)),
            *(step.id, len(writes.rows)),
        ]
        for id, row in writes.rows.items():
            keys.append(row_key(names, id))
            _extend(arguments, row.encode())
        arguments.append(len(writes.members))
        for key, members in writes.members.items():
            keys.append(key)
            standing = [part for member, score in members.items() if score is not None for part in (score, member)]
            leaving = [member for member, score in members.items() if score is None]
            arguments += (len(standing), *standing, len(leaving), *leaving)
        arguments.append(len(writes.counts))
        for (key, field), by in writes.counts.items():
            keys.append(key)
            arguments += (field, by)
        arguments.append(len(writes.marks))
        for key, numbers in writes.marks.items():
            keys.append(key)
            enter, leave = ([number for number, enters in numbers.items() if enters is way] for way in (True, False))
            arguments += (len(enter), *enter, len(leave), *leave)
        arguments.append(len(writes.columns))
        for key, values in writes.columns.items():
            keys.append(key)
            bits = [part for offset, value in values.items() for part in bits_of(offset, value)]
            arguments += (len(bits), *bits)
        arguments += (KEPT, len(writes.lists))
        for key, elements in writes.lists.items():
            keys.append(key)
            arguments += (len(elements), *elements)
        arguments.append(len(step.parked))
        for parked in step.parked:
            keys.append(names.parked_event(parked.position))
            arguments.append(member_of(parked.aggregate_id, parked.position))
            _extend(arguments, parked.encode())
        arguments.append(len(step.left))
        for aggregate_id, position in step.left:
            keys.append(names.parked_event(position))
            arguments.append(member_of(aggregate_id, position))
        given_up = [part for one in step.given_up for part in (member_of(one.aggregate_id, one.position), one.ask)]
        arguments += (len(given_up), *given_up, len(step.answers))
        for request_id, answer in step.answers:
            keys.append(answer_key(partition, request_id))
            arguments += (request_id if answer.outcome else "", ANSWER_SECONDS, answer.projected)
            _extend(arguments, answer.encode())
        arguments.append(len(notices))
        for position, changes in notices:
            arguments += (str(position), encode_changes(changes))
        return keys, arguments

    def _told(self, step: Step) -> tuple[str, str, Notices]:
        """The stream that hears of the step, the id from which on it is kept, and what it hears."""
        told = groupby(step.writes.notices, key=itemgetter(0))
        notices: Notices = [(at, [change for _, change in group]) for at, group in told]
        if step.start.position == BEGINNING:
            notices.insert(0, (FEED_BEGINNING, []))
        if not notices or notices[-1][0] != step.reached:
            notices.append((step.reached, []))
        return feed_key(self._partition), str(max(0, step.reached.ms - self._feed_retention_ms)), notices

    def _as_checkpoint(self, generation: str | None, position: str | None, step: str | None) -> Checkpoint:
        reached = Position.parse(position) if position else BEGINNING
        return Checkpoint(int(generation or FIRST_GENERATION), reached, step or "")


def _of(start: Checkpoint) -> tuple[int, str, str]:
    """What `scripts.CHECK` takes."""
    return start.generation, str(start.position), start.step


def _extend(arguments: list[Argument], fields: Mapping[str, bytes]) -> None:
    arguments.append(2 * len(fields))
    for field in fields.items():
        arguments += field
