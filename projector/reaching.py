"""How long the projector waits for Redis, and the one failure that everything which may go wrong there is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from redis.exceptions import RedisError

PATIENCE_SECONDS: Final = 5.0


class Unavailable(Exception):
    """Redis does not answer, or not as it should."""


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
