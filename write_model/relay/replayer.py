"""The replayer: feeds the journal to the generations that are being made beside those that serve.

Each has a bounded stream of its own (contracts.streams.replay_key), filled in the order and with the positions of the
record. That stream is the replayer's checkpoint, so whoever is killed here is followed by a relay that goes on where
it stood; two at once feed the same, and a script tells what is there already. Where the replay has come to what the
partition's live stream still holds, it ends: whoever makes the generation reads on there.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Iterator, Sequence, Set
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, NamedTuple, cast

from pymongo.errors import PyMongoError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from write_model.contracts.codec import REPLAYED_AT_ONCE, encode_replayed
from write_model.contracts.streams import BEGINNING, Position, events_key, rebuild_key, replay_key
from write_model.mongo.database import JOURNAL, Database
from write_model.mongo.discarded import discarded_ids
from write_model.relay import segments
from write_model.relay.publisher import ORDER, PATIENCE_SECONDS, WATERMARK_FIELDS, Entry
from write_model.relay.replay import JournalLacks, entries_of, partition_of_event
from write_model.relay.segments import Recorded

ROOM: Final = 8
"""Entries that may wait in one partition's replay, each of many events."""
_CHUNK: Final = 4_000
_AHEAD: Final = 1
"""Chunks that are fetched while one is fed."""
_LOOK_SECONDS: Final = 0.25
_WAIT_SECONDS: Final = 0.02
_PAUSE_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)

# KEYS: rebuild, replay, the live stream. ARGV: generation, the position that this relay has fed, how many events of the
# journal were passed with these entries or '', how many there are, what is wrong or '', then position and text of each
# entry. Answers the position fed, events passed, entries that wait, and '1' if the live stream goes on from there;
# nothing where the generation is not wanted any more. A position below the relay's: Redis went back. Of two relays
# that feed at once one may add an entry that begins with what is there already: readers look at the positions within.
# What was taken in is trimmed here to the entry: whole nodes, as a step trims, are more entries than may wait.
_FEED: Final = (
    ORDER
    + """
local seen = redis.call('HMGET', KEYS[1], 'generation', 'position')
if seen[1] ~= ARGV[1] then return {} end
local last = seen[2]
if redis.call('EXISTS', KEYS[2]) == 1 then
  local info = redis.call('XINFO', 'STREAM', KEYS[2])
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' and below(last, info[i + 1]) then last = info[i + 1] end
  end
end
if not below(last, ARGV[2]) then
  for i = 6, #ARGV, 2 do
    if below(last, ARGV[i]) then
      redis.call('XADD', KEYS[2], ARGV[i], 'entries', ARGV[i + 1])
      last = ARGV[i]
    end
  end
  redis.call('HSET', KEYS[1], 'total', ARGV[4])
  if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'passed', ARGV[3]) end
  if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], 'problem', ARGV[5]) end
end
redis.call('XTRIM', KEYS[2], 'MINID', '=', seen[2])
local first = redis.call('XRANGE', KEYS[3], '-', '+', 'COUNT', 1)[1]
local follows = first and not below(last, first[1]) and '1' or '0'
return {last, redis.call('HGET', KEYS[1], 'passed') or '0', redis.call('XLEN', KEYS[2]), follows}
"""
)


@dataclass(slots=True)
class _Fed:
    """A generation that is fed: up to `position`, `waiting` entries of which were not taken in yet.

    `passed`: how many events of the journal, of all partitions, lie below.
    """

    generation: str
    position: Position = BEGINNING
    passed: int = 0
    waiting: int = 0


class Found(NamedTuple):
    """By partition: the entries of a part of the record, or why they cannot be had."""

    entries: dict[int, list[Entry]]
    problems: dict[int, str]


class _Restart(Exception):
    """What is asked for is not what was."""


Asked = dict[int, tuple[str, float]]
"""By partition: the generation that is asked for, and the events a second that may be replayed for it, 0 for any."""


class Replayer:
    """Replays whatever is asked for, of any number of partitions in one pass over the record."""

    def __init__(self, database: Database, redis: Redis, partitions: int) -> None:
        self._database = database
        self._redis = redis
        self._partitions = partitions
        self._script = redis.register_script(_FEED)
        self._total = 0
        self._discarded: Set[str] = frozenset()
        self._asked: Asked = {}
        self._feeding: dict[int, _Fed] = {}
        """Those that need more in this pass."""

    async def run(self) -> None:
        """For ever; a failure of a server is waited out."""
        while True:
            pause = _LOOK_SECONDS
            try:
                await self._pass()
            except _Restart:
                continue
            except (PyMongoError, RedisError, TimeoutError) as error:
                _log.warning("the replay pauses for %.1f s: %r", _PAUSE_SECONDS, error)
                pause = _PAUSE_SECONDS
            await asyncio.sleep(pause)

    async def _pass(self) -> None:
        """Feed all that is recorded, from where the last of the generations stands; then W, as a watermark."""
        await self._begin()
        if not self._feeding:
            return
        recorded = await segments.last_recorded(self._database)
        behind = min(self._feeding.values(), key=lambda fed: fed.position)
        passed, pace = behind.passed, _Pace(min((rate for _, rate in self._asked.values() if rate), default=0))
        async with aclosing(self._fetched(behind.position, pace.at_once)) as fetched:
            async for chunk, found in fetched:
                if pace.is_time_to_look() and await self._look() != self._asked:
                    raise _Restart
                passed += len(chunk)
                await self._feed_all(chunk[-1][0], found, passed)
                await pace.keep(sum(map(len, found.entries.values())))
                if not self._feeding:
                    return
        if recorded:
            await self._feed_all(recorded, Found({}, {}), passed)

    async def _fetched(self, after: Position, at_once: int) -> AsyncGenerator[tuple[list[Recorded], Found]]:
        """The record in chunks, with the entries of whoever is fed; some chunks are fetched ahead."""
        ahead: deque[tuple[list[Recorded], asyncio.Task[Found]]] = deque()
        try:
            async for part in segments.recorded_after(self._database, after):
                for start in range(0, len(part), at_once):
                    chunk = part[start : start + at_once]
                    ahead.append((chunk, asyncio.create_task(self._fetch(chunk))))
                    if len(ahead) > _AHEAD:
                        chunk, task = ahead.popleft()
                        yield chunk, await task
            while ahead:
                chunk, task = ahead.popleft()
                yield chunk, await task
        finally:
            for _, task in ahead:
                task.cancel()
            await asyncio.gather(*(task for _, task in ahead), return_exceptions=True)

    async def _begin(self) -> None:
        """Who asks for what, and where each of them stands."""
        self._feeding = {}
        self._asked = await self._look()
        if not self._asked:
            return
        self._total = await self._database[JOURNAL].estimated_document_count()
        self._discarded = await discarded_ids(self._database)
        for partition, (generation, _) in self._asked.items():
            self._feeding[partition] = _Fed(generation)
            await self._feed(partition, [])

    async def _look(self) -> Asked:
        async with asyncio.timeout(PATIENCE_SECONDS), self._redis.pipeline(transaction=False) as pipeline:
            for partition in range(self._partitions):
                pipeline.hmget(rebuild_key(partition), "generation", "rate", "problem")
            replies = await pipeline.execute()
        return {
            partition: (generation, float(rate or 0))
            for partition, (generation, rate, problem) in enumerate(replies)
            if generation and not problem
        }

    async def _fetch(self, chunk: Sequence[Recorded]) -> Found:
        """Everyone's part of the chunk, of all partitions in one query."""
        wanted: dict[int, list[Recorded]] = {partition: [] for partition in self._feeding}
        for position, id in chunk:
            partition = partition_of_event(id, self._partitions)
            if partition in wanted and position > self._feeding[partition].position:
                wanted[partition].append((position, id))
        problems: dict[int, str] = {}
        while events := [event for part in wanted.values() for event in part]:
            try:
                found = await entries_of(self._database, events, self._partitions, self._discarded)
            except JournalLacks as error:
                partition = partition_of_event(error.event_id, self._partitions)
                problems[partition] = str(error)
                del wanted[partition]
                continue
            entries: dict[int, list[Entry]] = {}
            for entry in found:
                entries.setdefault(cast(int, entry.partition), []).append(entry)
            return Found(entries, problems)
        return Found({}, problems)

    async def _feed_all(self, end: Position, found: Found, passed: int) -> None:
        """Feed everyone what was found for them, and the end: all stand at the same place, whoever goes on from there.

        A partition of which the journal has lost an event cannot go on.
        """

        async def feed(partition: int) -> None:
            if partition in found.problems:
                await self._feed(partition, [], passed, found.problems[partition])
                del self._feeding[partition]
                return
            await self._wait_for_room(partition)
            if partition in self._feeding:
                its = found.entries.get(partition, [])
                if self._feeding[partition].position < end and (not its or its[-1].position < end):
                    its = [*its, Entry(end, partition, WATERMARK_FIELDS)]
                await self._feed(partition, its, passed)

        outcomes = await asyncio.gather(*map(feed, self._feeding), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _wait_for_room(self, partition: int) -> None:
        looks = 0
        while (fed := self._feeding.get(partition)) and fed.waiting >= ROOM:
            await asyncio.sleep(_WAIT_SECONDS)
            await self._feed(partition, [])
            looks += 1
            if looks * _WAIT_SECONDS >= _LOOK_SECONDS:
                looks = 0
                if await self._look() != self._asked:
                    raise _Restart

    async def _feed(
        self, partition: int, entries: Sequence[Entry], passed: int | None = None, problem: str = ""
    ) -> None:
        """Add the entries, and learn how things stand; who needs no more leaves `_feeding`."""
        fed = self._feeding[partition]
        keys = [rebuild_key(partition), replay_key(partition), events_key(partition)]
        said = (str(fed.position), "" if passed is None else passed, self._total, problem)
        async with asyncio.timeout(PATIENCE_SECONDS):
            reply = await cast(Awaitable[list[str]], self._script(keys, [fed.generation, *said, *_bundled(entries)]))
        if not reply:
            raise _Restart  # nobody wants it any more, or another
        position = Position.parse(reply[0])
        if position < fed.position:
            raise _Restart  # Redis went back
        fed.position, fed.passed, fed.waiting = position, int(reply[1]), int(reply[2])
        if reply[3] == "1" and not problem:
            del self._feeding[partition]


def _bundled(entries: Sequence[Entry]) -> Iterator[str | bytes]:
    """The entries as the script takes them, many in one."""
    for start in range(0, len(entries), REPLAYED_AT_ONCE):
        bundle = entries[start : start + REPLAYED_AT_ONCE]
        yield str(bundle[-1].position)
        yield encode_replayed((entry.position, entry.fields) for entry in bundle)


class _Pace:
    """So many events a second, or as fast as it goes (0)."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self.at_once = max(1, min(_CHUNK, int(rate * _LOOK_SECONDS))) if rate else _CHUNK
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time()
        self._looked = self._due

    async def keep(self, events: int) -> None:
        """Wait until as many events may have been replayed."""
        if self._rate:
            self._due = max(self._due + events / self._rate, self._loop.time() - 1)
            await asyncio.sleep(max(0.0, self._due - self._loop.time()))

    def is_time_to_look(self) -> bool:
        """Whether a while has passed since the last time."""
        now = self._loop.time()
        if now - self._looked < _LOOK_SECONDS:
            return False
        self._looked = now
        return True
