"""Requests to the projector about parked events: the one thing that this side writes, and never into a row."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from read_model.connection import Reader
from read_model.errors import NoReply
from read_model.multiplexed import open_connection
from read_model.schema.keys import answer_key, requests_key
from read_model.schema.requests import Answer, Request
from read_model.settings import ReadSettings


class Requests:
    """The projector takes a request up between two steps; asking the same twice does no harm."""

    def __init__(self, redis: Redis, settings: ReadSettings) -> None:
        self._redis = redis
        self._timeout = settings.read_timeout_seconds

    async def ask(self, partition: int, request: Request) -> str:
        """The id of the request, by which its answer is found; NoReply, and then it may have been made."""
        fields = request.encode()
        async with self._reaching_redis():
            return str(await self._redis.xadd(requests_key(partition), dict(fields.items())))

    async def answer(self, partition: int, id: str) -> Answer:
        """What came of it so far; NoReply."""
        async with self._reaching_redis():
            stored = self._redis.hgetall(answer_key(partition, id))
            return Answer.decode(await cast("Awaitable[dict[str, str]]", stored))

    @asynccontextmanager
    async def _reaching_redis(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._timeout):
                yield
        except (RedisError, OSError, TimeoutError) as error:
            raise NoReply from error


@asynccontextmanager
async def open_parking(settings: ReadSettings) -> AsyncIterator[tuple[Reader, Requests]]:
    """What an operator needs to see what is parked, and to ask for something; Redis need not be there yet.

    Bytes that are no UTF-8, which is one reason to be parked, are read as surrogates.
    """
    redis = Redis.from_url(
        settings.redis_url.get_secret_value(),
        decode_responses=True,
        encoding_errors="surrogateescape",
        socket_timeout=None,  # the limit is ours: redis-py's can lose a cancellation (changes.py)
        socket_connect_timeout=settings.read_timeout_seconds,
        retry=Retry(NoBackoff(), 0),  # a request that was made twice would be answered twice
    )
    async with redis, open_connection(settings) as connection:
        yield Reader(connection, settings), Requests(redis, settings)
