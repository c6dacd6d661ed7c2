"""One partition in Redis: its checkpoint, its entries, its rows, and the one place that applies a step to them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from projector.batch import Entry
from projector.parking import Parked
from projector.rows import Fields, RowId, row_key
from projector.writes import Writes
from read_model.schema.changes import OrderChanged, encode_change
from read_model.schema.keys import Keys, feed_key, parked_aggregates_key, parked_key
from write_model.contracts.streams import BEGINNING, Position, events_key, projected_key

FIRST_GENERATION: Final = 1
PATIENCE_SECONDS: Final = 5.0
# A partition that was never projected, or whose Redis was emptied, stands at the beginning of generation 1.
_CHECK: Final = """
local seen = redis.call('HMGET', KEYS[1], 'generation', 'position')
local generation, position = seen[1] or '1', seen[2] or '0-0'
if generation ~= ARGV[1] or position ~= ARGV[2] then return {0, generation, position} end
"""

# KEYS: projected, the set of parked aggregates, rows. ARGV: generation, position, aggregates.
_READ: Final = (
    _CHECK
    + """
local rows, parked = {}, {}
for i = 3, #KEYS do rows[i - 2] = redis.call('HGETALL', KEYS[i]) end
if redis.call('EXISTS', KEYS[2]) == 1 then
  for i = 3, #ARGV do
    if redis.call('SISMEMBER', KEYS[2], ARGV[i]) == 1 then parked[#parked + 1] = ARGV[i] end
  end
end
return {1, rows, parked}
"""
)

# KEYS: projected, feed, parked, the set of parked aggregates, then rows, sorted sets and counters, once each.
# ARGV: generation and position that the step began from, the position that it reached, 'complete' or '', the position
# below which the feed is trimmed; then, each list preceded by its length:
#   rows:       number of fields and values, those
#   sets:       number of scores and members to add, those; number of members to remove, those
#   counters:   field, difference
#   parked:     aggregate or '', number of fields and values, those
#   notices:    position, text
# A feed that is ahead of the checkpoint (which was lost, or set back) has said already what it refuses here.
_APPLY: Final = (
    _CHECK
    + """
local a, k = 6, 4
local function take() a = a + 1 return ARGV[a - 1] end
local function number() return tonumber(take()) end
local function key() k = k + 1 return KEYS[k] end
local function call(name, where, n)
  while n > 0 do
    local part = math.min(n, 1000)
    redis.call(name, where, unpack(ARGV, a, a + part - 1))
    a, n = a + part, n - part
  end
end
for _ = 1, number() do call('HSET', key(), number()) end
for _ = 1, number() do
  local where = key()
  call('ZADD', where, number())
  call('ZREM', where, number())
end
for _ = 1, number() do redis.call('HINCRBY', key(), take(), take()) end
for _ = 1, number() do
  local aggregate, n = take(), number()
  redis.call('XADD', KEYS[3], '*', unpack(ARGV, a, a + n - 1))
  a = a + n
  if aggregate ~= '' then redis.call('SADD', KEYS[4], aggregate) end
end
for _ = 1, number() do
  local reply = redis.pcall('XADD', KEYS[2], take(), 'change', take())
  if reply.err and not string.find(reply.err, 'equal or smaller', 1, true) then return reply end
end
redis.call('XTRIM', KEYS[2], 'MINID', '~', ARGV[5])
redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'position', ARGV[3])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], ARGV[4], '1') end
return {1}
"""
)

Argument = str | bytes | int | float


class Unavailable(Exception):
    """Redis does not answer, or not as it should."""


class Checkpoint(NamedTuple):
    """Everything in the stream up to `position` is in the rows of `generation`."""

    generation: int
    position: Position


class Stale(NamedTuple):
    """The checkpoint is not the one that a step began from, but this: nothing was done."""

    checkpoint: Checkpoint


class Read(NamedTuple):
    """Rows as they stand at a checkpoint, and which of the aggregates asked for have parked events."""

    rows: dict[RowId, Fields]
    parked_aggregates: frozenset[str]


@dataclass(frozen=True, slots=True)
class Step:
    """From a checkpoint to the position of the last entry taken in, with all that comes of those entries."""

    start: Checkpoint
    reached: Position
    has_watermark: bool
    writes: Writes
    parked: Sequence[Parked]


@asynccontextmanager
async def reaching_redis(*, blocking_ms: int = 0) -> AsyncIterator[None]:
    """Makes every failure of Redis an Unavailable, and so a silence that lasts longer than Redis was told to wait.

    redis-py's own limit, socket_timeout, is off: it goes through asyncio.wait_for, which on Python 3.11 can lose a
    cancellation (CPython issue 86296).
    """
    try:
        async with asyncio.timeout(PATIENCE_SECONDS + blocking_ms / 1000):
            yield
    except (RedisError, TimeoutError) as error:
        raise Unavailable(f"{type(error).__name__}: {error}") from error


class Store:
    """A partition. Every method raises Unavailable where Redis fails; then a step may or may not have been applied."""

    def __init__(self, redis: Redis, partition: int, *, feed_retention_ms: int) -> None:
        self._redis = redis
        self._partition = partition
        self._feed_retention_ms = feed_retention_ms
        self._read = redis.register_script(_READ)
        self._apply = redis.register_script(_APPLY)

    async def checkpoint(self) -> Checkpoint:
        """Where the partition stands."""
        async with reaching_redis():
            key = projected_key(self._partition)
            stored = await cast("Awaitable[list[str | None]]", self._redis.hmget(key, ["generation", "position"]))
        return _checkpoint(*stored)

    async def entries_after(self, position: Position, *, count: int, block_ms: int) -> list[Entry]:
        """The next entries of the stream, at most `count`; none where none came in time."""
        key = events_key(self._partition)
        async with reaching_redis(blocking_ms=block_ms):
            reply = await cast(
                "Awaitable[list[Any]]", self._redis.xread({key: str(position)}, count=count, block=block_ms)
            )
        return [(Position.parse(id), fields) for _, entries in reply for id, fields in entries]

    async def read(self, start: Checkpoint, rows: Sequence[RowId], aggregate_ids: Sequence[str]) -> Read | Stale:
        """The rows and parked aggregates of a batch, in one round trip, if the checkpoint still is `start`."""
        keys = Keys(self._partition, start.generation)
        async with reaching_redis():
            reply = await self._read(
                [
                    projected_key(self._partition),
                    parked_aggregates_key(self._partition),
                    *(row_key(keys, row) for row in rows),
                ],
                [start.generation, str(start.position), *aggregate_ids],
            )
        if not reply[0]:
            return Stale(_checkpoint(*reply[1:]))
        found = [dict(zip(flat[::2], flat[1::2], strict=True)) for flat in reply[1]]
        return Read(dict(zip(rows, found, strict=True)), frozenset(reply[2]))

    async def apply(self, step: Step) -> Stale | None:
        """Write all of the step and its checkpoint, or nothing where the checkpoint is not the step's start."""
        keys, arguments = self._flatten(step)
        async with reaching_redis():
            reply = await self._apply(keys, arguments)
        return None if reply[0] else Stale(_checkpoint(*reply[1:]))

    def _flatten(self, step: Step) -> tuple[list[str], list[Argument]]:
        """KEYS and ARGV of the script."""
        names, writes, partition = Keys(self._partition, step.start.generation), step.writes, self._partition
        keys = [projected_key(partition), feed_key(partition), parked_key(partition), parked_aggregates_key(partition)]
        arguments: list[Argument] = [
            step.start.generation,
            str(step.start.position),
            str(step.reached),
            "complete" if step.has_watermark else "",
            max(0, step.reached.ms - self._feed_retention_ms),
        ]
        arguments.append(len(writes.rows))
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
        arguments.append(len(step.parked))
        for parked in step.parked:
            arguments.append(parked.aggregate_id)
            _extend(arguments, parked.encode())
        notices: list[tuple[Position, OrderChanged | None]] = [*writes.notices]
        if not notices or notices[-1][0] != step.reached:
            notices.append((step.reached, None))
        arguments.append(len(notices))
        for position, change in notices:
            arguments += (str(position), encode_change(change))
        return keys, arguments


def _checkpoint(generation: str | None, position: str | None) -> Checkpoint:
    return Checkpoint(
        int(generation) if generation else FIRST_GENERATION, Position.parse(position) if position else BEGINNING
    )


def _extend(arguments: list[Argument], fields: Mapping[str, bytes]) -> None:
    arguments.append(2 * len(fields))
    for field in fields.items():
        arguments += field
