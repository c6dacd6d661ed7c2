"""The one way to read: all that a query needs at once, from any number of partitions, in one round trip."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import copy
from typing import Any, Final, Self

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from read_model.errors import BeingPrepared, NoReply
from read_model.room import Room
from read_model.schema.keys import Keys
from read_model.settings import ReadSettings
from write_model.contracts.streams import BEGINNING, Position, projected_key

Command = tuple[str | int, ...]
Commands = Callable[[Keys], Sequence[Command]]
Replies = list[Any]

# A switch of generation takes one more attempt; two in a row mean that something is wrong.
ATTEMPTS: Final = 3
FIRST_GENERATION: Final = 1


def open_connections(settings: ReadSettings) -> Redis:
    """A client for a Reader. Reads may be repeated, so a connection that died in the pool is replaced at once."""
    pool = BlockingConnectionPool.from_url(
        settings.redis_url.get_secret_value(),
        max_connections=settings.read_connections,
        timeout=settings.read_timeout_seconds,
        socket_timeout=None,  # the limit is Reader.fetch's: redis-py's can lose a cancellation (changes.py)
        socket_connect_timeout=settings.read_timeout_seconds,
        retry=Retry(NoBackoff(), 1),
        decode_responses=True,
    )
    return Redis.from_pool(pool)


class Reader:
    """Reads of complete partitions.

    Commands are plain Redis commands whose replies look the same in every protocol: HMGET, not HGETALL. They come
    grouped by partition, because on a Redis Cluster each group goes to another node. `round_trips` counts.
    """

    def __init__(self, redis: Redis, settings: ReadSettings) -> None:
        self.partitions: Final = settings.partitions
        self.round_trips = 0
        self._redis = redis
        self._timeout = settings.read_timeout_seconds
        self._room = Room(settings.reads_in_flight, "reads")
        self._generations: dict[int, int] = {}
        self._floor: Mapping[int, Position] = {}
        self._company: _Company | None = None

    def at_least(self, positions: Mapping[int, Position]) -> Self:
        """The same reader for whoever was shown so much before: a partition below its position is BeingPrepared.

        Positions that were waited for are not enough: Redis may have lost its last moments since.
        """
        bound = copy(self)
        bound._floor = {p: max(at, self._floor.get(p, BEGINNING)) for p, at in {**self._floor, **positions}.items()}
        return bound

    def in_company(self) -> Self:
        """The same reader for one who reads several things: what is asked at once shares a round trip."""
        together = copy(self)
        together._company = _Company(together._fetch)
        return together

    async def read(self, wanted: Mapping[int, Commands]) -> dict[int, Replies]:
        """The replies to each partition's commands, all from the generation that serves; BeingPrepared, NoReply, Busy.

        The state is read before and after the rows: only where both say the same was everything in between read
        from one complete generation, and a miss is an answer.
        """
        return await self._read(wanted, complete=True)

    async def inspect(self, wanted: Mapping[int, Commands]) -> dict[int, Replies]:
        """As `read`, but from partitions that need not be complete: about the projection, not for what it shows."""
        return await self._read(wanted, complete=False)

    async def _read(self, wanted: Mapping[int, Commands], *, complete: bool) -> dict[int, Replies]:
        answers: dict[int, Replies] = {}
        for _ in range(ATTEMPTS):
            missing = {partition: self._keys(partition) for partition in wanted if partition not in answers}
            if not missing:
                return answers
            states = {partition: ("HMGET", projected_key(partition), "generation", "complete") for partition in missing}
            replies = await self.fetch(
                {
                    partition: [(*states[partition], "position"), *wanted[partition](keys), states[partition]]
                    for partition, keys in missing.items()
                }
            )
            for partition, ((*before, position), *rows, after) in replies.items():
                if complete and not all(after):
                    raise BeingPrepared
                if partition in self._floor and Position.parse(position or "0-0") < self._floor[partition]:
                    raise BeingPrepared
                generation = int(after[0] or FIRST_GENERATION)
                self._generations[partition] = generation
                if before == after and generation == missing[partition].generation:
                    answers[partition] = rows
        if len(answers) < len(wanted):
            raise BeingPrepared
        return answers

    async def fetch(self, groups: Mapping[int, Sequence[Command]]) -> dict[int, Replies]:
        """The replies to each partition's commands in one round trip, whatever the state of the partitions.

        NoReply, Busy.
        """
        if self._company:
            return await self._company.fetch(groups)
        return await self._fetch(groups)

    async def _fetch(self, groups: Mapping[int, Sequence[Command]]) -> dict[int, Replies]:
        self.round_trips += 1
        pipeline = self._redis.pipeline(transaction=False)
        for commands in groups.values():
            for command in commands:
                pipeline.execute_command(*command)
        try:
            with self._room.place():
                async with asyncio.timeout(self._timeout):
                    replies = iter(await pipeline.execute(raise_on_error=False))
        except (RedisError, OSError, TimeoutError) as error:
            raise NoReply from error
        return {partition: [_checked(next(replies)) for _ in commands] for partition, commands in groups.items()}

    def _keys(self, partition: int) -> Keys:
        return Keys(partition, self._generations.get(partition, FIRST_GENERATION))


class _Company:
    """Fetches that begin in the same step of the event loop, made one."""

    def __init__(self, fetch: Callable[[Mapping[int, Sequence[Command]]], Awaitable[dict[int, Replies]]]) -> None:
        self._fetch = fetch
        self._waiting: list[tuple[Mapping[int, Sequence[Command]], asyncio.Future[dict[int, Replies]]]] = []
        self._trips: set[asyncio.Task[None]] = set()

    async def fetch(self, groups: Mapping[int, Sequence[Command]]) -> dict[int, Replies]:
        """As Reader.fetch."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._depart)
        replies: asyncio.Future[dict[int, Replies]] = loop.create_future()
        self._waiting.append((groups, replies))
        return await replies

    def _depart(self) -> None:
        trip = asyncio.create_task(self._travel(self._waiting))
        self._trips.add(trip)  # the event loop itself would forget it
        trip.add_done_callback(self._trips.discard)
        self._waiting = []

    async def _travel(
        self, waiting: list[tuple[Mapping[int, Sequence[Command]], asyncio.Future[dict[int, Replies]]]]
    ) -> None:
        everything: dict[int, list[Command]] = {}
        for groups, _ in waiting:
            for partition, commands in groups.items():
                everything.setdefault(partition, []).extend(commands)
        try:
            replies = {partition: iter(found) for partition, found in (await self._fetch(everything)).items()}
        except Exception as error:
            for _, future in waiting:
                if not future.done():
                    future.set_exception(error)
            return
        for groups, future in waiting:
            theirs = {partition: [next(replies[partition]) for _ in commands] for partition, commands in groups.items()}
            if not future.done():
                future.set_result(theirs)


def _checked(reply: Any) -> Any:
    if not isinstance(reply, Exception):
        return reply
    # A plain ResponseError is a wrong command, our mistake; its subclasses and BUSY are the server's condition.
    if type(reply) is ResponseError and not str(reply).startswith("BUSY"):
        raise reply
    raise NoReply from reply
