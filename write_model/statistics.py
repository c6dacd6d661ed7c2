"""What a process of the command side tells of itself to those who look at the whole system: in Redis, if it has one."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import cast

from pydantic import SecretStr
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from telemetry.metrics import Source
from telemetry.startup import about, process_name
from telemetry.statistics import telling
from write_model.contracts.processes import EXPIRY_MS, PROCESSES_KEY, TELL


@asynccontextmanager
async def telling_statistics(part: str, redis_url: SecretStr | None, sources: Sequence[Source]) -> AsyncIterator[None]:
    """Tell what was counted, every second while the block runs; nobody, where there is no Redis to tell."""
    if redis_url is None:
        yield
        return
    name = process_name()
    # The limit is telling's own: redis-py's can lose a cancellation (CPython issue 86296).
    redis = Redis.from_url(redis_url.get_secret_value(), socket_timeout=None, retry=Retry(NoBackoff(), 0))

    async def tell(statistics: str) -> None:
        told = redis.eval(TELL, 1, PROCESSES_KEY, name, str(EXPIRY_MS), statistics)
        await cast("Awaitable[int]", told)

    async with redis, telling(about(part, name), sources, tell):
        yield
