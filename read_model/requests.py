"""Requests to the projector, and statistics: all that this side writes, and never into a row."""

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
from read_model.schema.generations import ASK, Asked, arguments_of, asked
from read_model.schema.keys import answer_key, replaced_key, requests_key
from read_model.schema.requests import Answer, Request
from read_model.settings import ReadSettings
from write_model.contracts.processes import EXPIRY_MS, PROCESSES_KEY, TELL
from write_model.contracts.streams import projected_key, rebuild_key, replay_key


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

    async def rebuild(self, partition: int, rate: float | None) -> Asked:
        """Ask for a new generation, replayed at so many events a second at most; NotComplete, NoReply."""
        keys = (rebuild_key(partition), projected_key(partition), replay_key(partition), replaced_key(partition))
        async with self._reaching_redis():
            made = self._redis.eval(ASK, len(keys), *keys, *map(str, arguments_of("rebuild", rate, None)))
            return asked(await cast("Awaitable[list[str]]", made))

    async def tell(self, process: str, statistics: str) -> None:
        """Say what this process tells of itself; NoReply."""
        async with self._reaching_redis():
            told = self._redis.eval(TELL, 1, PROCESSES_KEY, process, str(EXPIRY_MS), statistics)
            await cast("Awaitable[int]", told)

    @asynccontextmanager
    async def _reaching_redis(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._timeout):
                yield
        except (RedisError, OSError, TimeoutError) as error:
            raise NoReply from error


@asynccontextmanager
async def open_requests(settings: ReadSettings) -> AsyncIterator[Requests]:
    """What asks, and tells; Redis need not be there yet."""
    redis = Redis.from_url(
        settings.redis_url.get_secret_value(),
        decode_responses=True,
        encoding_errors="surrogateescape",
        socket_timeout=None,  # the limit is ours: redis-py's can lose a cancellation (changes.py)
        socket_connect_timeout=settings.read_timeout_seconds,
        retry=Retry(NoBackoff(), 0),  # a request that was made twice would be answered twice
    )
    async with redis:
        yield Requests(redis, settings)


@asynccontextmanager
async def open_parking(settings: ReadSettings) -> AsyncIterator[tuple[Reader, Requests]]:
    """What an operator needs to see what is parked, and to ask for something; Redis need not be there yet.

    Bytes that are no UTF-8, which is one reason to be parked, are read as surrogates.
    """
    async with open_requests(settings) as requests, open_connection(settings) as connection:
        yield Reader(connection, settings), requests
