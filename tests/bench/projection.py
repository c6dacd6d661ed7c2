"""The projection: a whole `orderstream rebuild`, against the bare steps that it makes Redis apply."""

import json
import os
import pickle
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha1
from itertools import islice
from tempfile import TemporaryFile
from time import perf_counter
from typing import IO, Any, Final

from pymongo import MongoClient
from redis.asyncio import Redis

from projector.consumer import Consumer
from projector.scratch import Scratch
from projector.scripts import APPLY
from projector.startup import REBUILT, REMEMBERED, connect, step_id
from stack.child import Child
from tests.bench.copies import with_database
from tests.bench.limits import PARTITIONS, STREAMS_DATABASE
from tests.bench.processes import cpu_seconds, resident_bytes
from tests.bench.shop import CURRENCY, Shop
from tests.bench.stage import Stage
from tests.journeys.rebuilds import forget_the_past
from write_model.contracts.streams import Position, events_key, partition_of, projected_key, rebuild_key
from write_model.mongo import journal

_APPLY: Final = sha1(APPLY.encode(), usedforsecurity=False).hexdigest()
_GENERATION: Final = 2
_BEFORE: Final = Position(0, 1)


@dataclass(frozen=True)
class Rebuilt:
    """Rates in events a second; CPU in microseconds an event and memory in bytes, of each process.

    The bare steps are those of the shop alone; what was ordered since is rebuilt as well.
    """

    events: int
    rate: float
    bare_events: int
    bare: float
    cpu: Mapping[str, float]
    memory: Mapping[str, int]


class _Recorder(Redis):
    """Keeps the steps that it was told to apply, as they went out: in a file, because they are as large as the shop."""

    steps: IO[bytes]

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        reply = await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        if args[:2] == ("EVALSHA", _APPLY):
            pickle.dump(args, self.steps)
        return reply


async def measure(staged: Stage) -> Rebuilt:
    """A rebuild from the journal, with all parts sharing all cores; and the bare steps, one after another.

    The streams have forgotten what they held, as after hours: what they still have would not be replayed.
    """
    staged.pin(None)
    async with Redis.from_url(staged.environment["REDIS_URL"], decode_responses=True) as redis:
        await forget_the_past(redis, PARTITIONS)
    before = cpu_seconds(staged.shared)
    seconds = await _rebuild(staged.environment)
    used = {name: now - before[name] for name, now in cpu_seconds(staged.shared).items()}
    memory = resident_bytes(staged.shared)
    events = _journaled(staged.environment)
    return Rebuilt(
        events=events,
        rate=events / seconds,
        bare_events=staged.shop.events,
        bare=await bare_rate(staged.environment["REDIS_URL"], staged.shop.events),
        cpu={name: 1e6 * spent / events for name, spent in used.items()},
        memory=memory,
    )


def _journaled(environment: Mapping[str, str]) -> int:
    """How many events there are: those of the shop, and of all that was ordered since."""
    with MongoClient[dict[str, object]](environment["MONGODB_URL"]) as client:
        return client[environment["MONGODB_DATABASE"]]["journal"].estimated_document_count()


async def _rebuild(environment: Mapping[str, str]) -> float:
    """Its seconds, by its own account."""
    command = [sys.executable, "-P", "-m", "stack", "rebuild", "--json"]
    child = await Child.spawn(command, environment={**os.environ, **environment}, output=PIPE)
    said = await child.output.read()
    if await child.wait() != 0:
        raise RuntimeError(f"the rebuild failed: {said.decode(errors='replace')}")
    child.close()
    return float(json.loads(said)["seconds"])


async def bare_rate(redis_url: str, events: int) -> float:
    """Events a second that Redis applies, told by one client that has all steps ready, one after another."""
    async with connect(with_database(redis_url, STREAMS_DATABASE)) as client:
        redis = _Recorder(connection_pool=client.connection_pool)
        await redis.flushdb()
        try:
            with TemporaryFile() as redis.steps:
                number = await _record(redis, events)
                await redis.flushdb()
                await _begin(redis)
                return number / await _apply(client, redis.steps)
        finally:
            await redis.flushdb()


async def _apply(redis: Redis, steps: IO[bytes]) -> float:
    """The seconds that the steps take, without those in which they are read back."""
    seconds = 0.0
    for step in _read(steps):
        began = perf_counter()
        reply = await redis.execute_command(*step)  # type: ignore[no-untyped-call]
        seconds += perf_counter() - began
        if not reply or reply[0] != 1:
            raise RuntimeError(f"a step was refused: {reply}")
    return seconds


def _read(steps: IO[bytes]) -> Iterator[tuple[Any, ...]]:
    end = steps.tell()
    steps.seek(0)
    while steps.tell() < end:
        yield pickle.load(steps)


async def _begin(redis: Redis) -> None:
    for partition in range(PARTITIONS):
        at: dict[Any, Any] = {"generation": _GENERATION, "position": str(_BEFORE), "purpose": "rebuild"}
        await redis.hset(rebuild_key(partition), mapping=at)


async def _record(redis: _Recorder, events: int) -> int:
    """Project a shop into generations in the making, a step of each in turn; answers how many events that were."""
    last = dict.fromkeys(range(PARTITIONS), _BEFORE)
    await _begin(redis)
    for partition in last:
        # A generation in the making goes on from the live stream where that still has its position.
        await redis.xadd(events_key(partition), {"passed": "1"}, id=str(_BEFORE))
    envelopes = (envelope for commit in Shop(events).history() for envelope in commit)
    number = 0
    while part := list(islice(envelopes, 1_000)):
        pipeline = redis.pipeline(transaction=False)
        for envelope in part:
            number += 1
            partition = partition_of(envelope.aggregate_id, PARTITIONS)
            last[partition] = Position(number, 0)
            fields: dict[Any, Any] = dict(journal.to_entry(journal.to_document(envelope)))
            pipeline.xadd(events_key(partition), fields, id=str(last[partition]))
        await pipeline.execute()
    for partition, end in last.items():
        await redis.hset(projected_key(partition), mapping={"generation": 1, "position": str(end)})
    stores = {partition: Scratch(redis, partition, _GENERATION) for partition in last}
    consumers = {partition: _consumer(store, partition) for partition, store in stores.items()}
    while consumers:
        for partition in list(consumers):
            await consumers[partition].step()
            if (await stores[partition].checkpoint()).position == last[partition]:
                del consumers[partition]
    return number


def _consumer(store: Scratch, partition: int) -> Consumer:
    return Consumer(
        *(store, partition),
        shop_currency=CURRENCY,
        step_id=step_id,
        block_ms=1,
        batch=REBUILT,
        remembered=REMEMBERED,
    )
