"""Watches how far each partition is projected: never back, unless Redis itself lost something."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis import Redis
from redis.exceptions import RedisError

from tests.faults.history import History
from tests.faults.redis_server import RedisServer
from write_model.contracts.streams import BEGINNING, Position, projected_key

LOOK_SECONDS = 0.02


class Checkpoints:
    """Looks past every proxy, many times a second."""

    def __init__(self, redis: RedisServer, partitions: int, history: History) -> None:
        self._redis = redis
        self._history = history
        self._keys = [projected_key(partition) for partition in range(partitions)]

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _watch(self) -> None:
        seen, losses = [BEGINNING] * len(self._keys), -1
        with self._redis.client() as redis:
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                before = self._redis.losses
                try:
                    found = await asyncio.to_thread(self._look, redis)
                except RedisError:
                    continue
                if self._redis.losses != losses or before != losses:
                    seen, losses = [BEGINNING] * len(self._keys), self._redis.losses
                    if before != losses:
                        continue  # read before the loss, or after it: who knows
                for partition, (last, now) in enumerate(zip(seen, found, strict=True)):
                    if now < last:
                        self._history.broken.append(f"partition {partition} was set back from {last} to {now}")
                seen = found

    def _look(self, redis: Redis) -> list[Position]:
        with redis.pipeline(transaction=False) as pipeline:
            for key in self._keys:
                pipeline.hget(key, "position")
            return [Position.parse(text) if text else BEGINNING for text in pipeline.execute()]
