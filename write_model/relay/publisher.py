"""Puts entries into the streams, each at its own position, exactly once whoever else publishes too.

The stream is the checkpoint. A script per partition compares it with what this relay has seen, adds what lies above
its end, and demands of everything else that it is there already or has been trimmed.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.connection import HiredisRespSerializer
from redis.exceptions import NoScriptError, ResponseError
from redis.typing import EncodableT

from write_model.contracts.codec import WATERMARK
from write_model.contracts.envelope import event_id
from write_model.contracts.given_up import DISCARDED, discarded_key, member_of
from write_model.contracts.streams import BEGINNING, PARTITIONS_KEY, Position, events_key, partition_of, projected_key

Fields = Mapping[str, str | bytes]
WATERMARK_FIELDS: Final[Fields] = {WATERMARK: "1"}
PATIENCE_SECONDS: Final = 5.0
_CHUNK: Final = 1_000

# Begins scripts that compare positions: `below(a, b)`.
ORDER: Final = """
local function parse(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end
local function below(a, b)
  local a_ms, a_seq = parse(a)
  local b_ms, b_seq = parse(b)
  return a_ms < b_ms or (a_ms == b_ms and a_seq < b_seq)
end
"""

# KEYS[1]: the stream. ARGV: the last id that this relay saw there, then per entry: id, number of fields and
# values, fields and values. Answers the stream's last id, or an error ROLLBACK or HOLE. A watermark that comes late
# is no hole: it says less than the one that is there.
_PUBLISH: Final = (
    ORDER
    + """
local last = '0-0'
if redis.call('EXISTS', KEYS[1]) == 1 then
  local info = redis.call('XINFO', 'STREAM', KEYS[1])
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then last = info[i + 1] end
  end
end
if below(last, ARGV[1]) then return redis.error_reply('ROLLBACK ' .. last) end
local i = 2
while i <= #ARGV do
  local id, n = ARGV[i], tonumber(ARGV[i + 1])
  if below(last, id) then
    redis.call('XADD', KEYS[1], id, unpack(ARGV, i + 2, i + 1 + n))
    last = id
  elseif ARGV[i + 2] ~= 'watermark' and #redis.call('XRANGE', KEYS[1], id, id) == 0 then
    local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
    if first and below(first[1], id) then return redis.error_reply('HOLE ' .. id) end
  end
  i = i + 2 + n
end
return last
"""
)

# KEYS: projected, the stream. ARGV: a position. Whole nodes below it and below what is projected go. In one step: Redis
# that went back in between would lose what it must project once more.
_TRIM: Final = (
    ORDER
    + """
local projected = redis.call('HGET', KEYS[1], 'position')
if not projected then return 0 end
return redis.call('XTRIM', KEYS[2], 'MINID', '~', below(projected, ARGV[1]) and projected or ARGV[1])
"""
)


class Rollback(Exception):
    """A stream ends below what was published: Redis lost it or went back in time."""


class Hole(Exception):
    """A stream goes on beyond an event that it lacks: somebody else has written to it. Nothing more is published."""


class Entry(NamedTuple):
    """What goes into one partition's stream, or, a watermark, into all of them (`partition` None)."""

    position: Position
    partition: int | None
    fields: Fields


class _PackedInC(AbstractConnection):
    """redis-py's asyncio connection packs argument by argument in Python: a third of a replay's time."""

    _serializer = HiredisRespSerializer()

    def pack_command(self, *args: EncodableT) -> list[bytes]:
        packed: list[bytes] = self._serializer.pack(*cast("Any", args))
        return packed


def connect(url: str) -> Redis:
    """A client as a publisher needs it. Close it."""
    # No retries: a script whose reply was lost must not run again behind our back. And no socket_timeout: that goes
    # through asyncio.wait_for, which on Python 3.11 can lose a cancellation; the publisher sets its own limits.
    redis = Redis.from_url(
        url, decode_responses=True, socket_timeout=None, socket_connect_timeout=5, retry=Retry(NoBackoff(), 0)
    )
    pool = redis.connection_pool
    pool.connection_class = type("PackingConnection", (_PackedInC, pool.connection_class), {})
    return redis


class Publisher:
    """Publishes to the streams of all partitions. Not for use by two tasks at once.

    Every method raises a RedisError or a TimeoutError where Redis fails; repeating it does no harm.
    """

    def __init__(self, redis: Redis, partitions: int) -> None:
        self.partitions = partitions
        self._redis = redis
        self._seen: dict[int, Position] = dict.fromkeys(range(partitions), BEGINNING)
        self._sha = ""

    async def open(self) -> dict[int, Position]:
        """Look where each stream ends; publication goes on from there."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            self._sha = await self._redis.script_load(_PUBLISH)
            await self._redis.set(PARTITIONS_KEY, self.partitions)
            self._seen = {partition: await self._end(partition) for partition in range(self.partitions)}
            return dict(self._seen)

    async def publish(self, entries: Sequence[Entry]) -> None:
        """Add the entries, ascending by position. Raises Rollback and Hole."""
        by_partition: dict[int, list[Entry]] = {}
        for entry in entries:
            for partition in range(self.partitions) if entry.partition is None else (entry.partition,):
                by_partition.setdefault(partition, []).append(entry)
        # Not one transaction: each partition is a slot of its own, and each script stands for itself.
        async with asyncio.timeout(PATIENCE_SECONDS), self._redis.pipeline(transaction=False) as pipeline:
            for partition, its in by_partition.items():
                pipeline.evalsha(self._sha, 1, events_key(partition), str(self._seen[partition]), *arguments_of(its))
            replies = await pipeline.execute(raise_on_error=False)
        for (partition, its), reply in zip(by_partition.items(), replies, strict=True):
            if isinstance(reply, Exception):
                raise _explained(partition, reply)
            self._seen[partition] = max(self._seen[partition], its[-1].position)

    async def give_up(self, events: Iterable[tuple[str, Position]]) -> None:
        """Tell the projector of the events that operators gave up, by aggregate and position.

        It may know; or Redis may have been set back to before it did.
        """
        async with asyncio.timeout(PATIENCE_SECONDS), self._redis.pipeline(transaction=False) as pipeline:
            for aggregate_id, position in events:
                partition = partition_of(aggregate_id, self.partitions)
                pipeline.hset(discarded_key(partition), member_of(aggregate_id, position), DISCARDED)
            await pipeline.execute()

    async def events_after(self, after: Position) -> dict[str, Position]:
        """The events that the streams have above the position, by id."""
        found: dict[str, Position] = {}
        for partition in range(self.partitions):
            start = f"({after}"
            while entries := await self._range(partition, start):
                for id, fields in entries:
                    if WATERMARK not in fields:
                        found[event_id(fields["aggregate"], int(fields["version"]))] = Position.parse(id)
                start = f"({entries[-1][0]}"
        return found

    async def trim(self, upto: Position) -> None:
        """Let entries go that are projected and lie below the position, in whole nodes of the stream."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._redis.pipeline(transaction=False) as pipeline:
            for partition in range(self.partitions):
                pipeline.eval(_TRIM, 2, projected_key(partition), events_key(partition), str(upto))
            await pipeline.execute()

    async def _range(self, partition: int, start: str) -> list[tuple[str, dict[str, str]]]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            entries = await self._redis.xrange(events_key(partition), start, "+", count=_CHUNK)
        return cast(list[tuple[str, dict[str, str]]], entries)

    async def _end(self, partition: int) -> Position:
        try:
            info = await self._redis.xinfo_stream(events_key(partition))
        except ResponseError as error:
            if "no such key" not in str(error):
                raise
            return BEGINNING
        return Position.parse(info["last-generated-id"])


def arguments_of(entries: Iterable[Entry]) -> list[str | bytes]:
    """Entries as the scripts take them: id, number of fields and values, fields and values."""
    arguments: list[str | bytes] = []
    for entry in entries:
        arguments += (str(entry.position), str(2 * len(entry.fields)))
        for field, value in entry.fields.items():
            arguments += (field, value)
    return arguments


def _explained(partition: int, error: Exception) -> Exception:
    text = str(error)
    if isinstance(error, NoScriptError):
        return Rollback(f"partition {partition}: Redis was restarted")
    if text.startswith("ROLLBACK"):
        return Rollback(f"partition {partition} ends at {text.split()[1]}")
    if text.startswith("HOLE"):
        return Hole(f"partition {partition} lacks {text.split()[1]}")
    return error
