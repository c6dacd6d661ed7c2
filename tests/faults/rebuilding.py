"""Rebuilds that are struck while they work, over a past that the streams no longer have; and what they leave behind."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from pymongo import MongoClient
from redis import Redis

from read_model.schema.keys import replaced_key
from tests.faults.evidence import PARTITIONS, Entry, entries_of
from tests.faults.operators import Operator
from tests.faults.stage import DATABASE, Stage
from write_model.contracts.streams import BEGINNING, Position, events_key, projected_key, rebuild_key
from write_model.mongo.database import HEARTBEATS, JOURNAL

_SECONDS = 2.0
"""How long a replay of the whole journal is to take, at least."""
_OF_A_GENERATION = re.compile(r"^\{p(\d+)\}:(\d+):")

Strike = Callable[[], Awaitable[None]]


@dataclass
class Past:
    """`entries`: by partition, what was let go of the streams, as a relay does after an hour."""

    entries: dict[int, set[Entry]] = field(default_factory=lambda: defaultdict(set))

    def forget(self, stage: Stage) -> bool:
        """Let go of all that is recorded and projected, so that a rebuild finds it in the journal alone. True."""
        with MongoClient[dict[str, Any]](stage.mongodb.url) as client, stage.redis.client() as redis:
            heartbeat: Any = client[DATABASE][HEARTBEATS].find_one({"_id": "relay"})
            for partition in range(PARTITIONS):
                projected: Any = redis.hget(projected_key(partition), "position")
                edge = min(Position.parse(heartbeat["recorded"]), Position.parse(projected or str(BEGINNING)))
                self.entries[partition].update(entries_of(redis, partition, below=edge))
                redis.xtrim(events_key(partition), minid=str(edge), approximate=False)
        return True


async def rebuild(operator: Operator, past: Past | None, redis_is_safe: asyncio.Lock, strike: Strike) -> None:
    """Everything is rebuilt, and struck in the middle; the operator asks for it again until it succeeds.

    From the journal, once the streams have forgotten the past; None: from streams that still have it.
    """
    stage = operator.stage
    if past is not None:
        async with redis_is_safe:
            await operator.until("forgotten: the past", lambda: past.forget(stage))
    rate = max(100, round(await asyncio.to_thread(_events, stage) / _SECONDS))
    rebuilding = asyncio.create_task(operator.run("rebuild", "--rate", str(rate)))
    try:
        await operator.until("begun: a rebuild", lambda: rebuilding.done() or _has_begun(stage))
        await strike()
        if await rebuilding:
            await operator.insist("rebuild")
    finally:
        rebuilding.cancel()
        await asyncio.gather(rebuilding, return_exceptions=True)


async def generations_left(operator: Operator) -> dict[int, tuple[int, frozenset[int]]]:
    """By partition: the generation that serves, and all that have keys, once the replaced ones' time has come."""
    await operator.until("gone: what was replaced", lambda: _are_gone(operator.stage))
    return await asyncio.to_thread(_generations, operator.stage)


def _events(stage: Stage) -> int:
    with MongoClient[dict[str, Any]](stage.mongodb.url) as client:
        return client[DATABASE][JOURNAL].estimated_document_count()


def _has_begun(stage: Stage) -> bool:
    """Whether a partition has taken in some of the replay."""
    with stage.redis.client() as redis:
        positions: list[Any] = [redis.hget(rebuild_key(partition), "position") for partition in range(PARTITIONS)]
    return any(text and Position.parse(text) > BEGINNING for text in positions)


def _are_gone(stage: Stage) -> bool:
    with stage.redis.client() as redis:
        return not sum(_make_due(redis, partition) for partition in range(PARTITIONS))


def _make_due(redis: Redis, partition: int) -> int:
    """Nobody waits half a minute for the end of a grace period; answers how many generations are to go."""
    waiting: Any = redis.zrange(replaced_key(partition), 0, -1)
    if waiting:
        redis.zadd(replaced_key(partition), dict.fromkeys(waiting, 0), xx=True)
    return len(waiting)


def _generations(stage: Stage) -> dict[int, tuple[int, frozenset[int]]]:
    found: dict[int, set[int]] = defaultdict(set)
    with stage.redis.client() as redis:
        for key in redis.scan_iter(count=1_000):
            if match := _OF_A_GENERATION.match(key):
                found[int(match[1])].add(int(match[2]))
        serving: list[Any] = [redis.hget(projected_key(partition), "generation") for partition in range(PARTITIONS)]
    return {partition: (int(serving[partition] or 1), frozenset(found[partition])) for partition in range(PARTITIONS)}
