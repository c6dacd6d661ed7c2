"""The feeds of all partitions, followed live: how far each has come, who waits for it, who listens."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from read_model.delays import Delays
from read_model.errors import StaleRead, Unavailable
from read_model.room import Room
from read_model.schema.changes import CHANGE
from read_model.schema.keys import feed_key
from read_model.settings import ReadSettings
from read_model.subscription import Announced, Item, Place, Resync, Subscription
from read_model.waiting import WaitingRoom
from telemetry import tracing
from write_model.contracts.streams import BEGINNING, InvalidToken, Position, Token, projected_key

Predicate = Callable[[Announced], bool]
Wanted = str | Predicate
"""The id of what may change, or a question to ask about every change."""

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 2.0
MOST_AT_ONCE: Final = 4_000
"""Offers before others have their turn: each may be a message that is written."""

_log = logging.getLogger(__name__)


class Changes:
    """What the projector announces, in this process: one follower per partition, each with a connection of its own."""

    def __init__(self, settings: ReadSettings, delays: Delays | None = None) -> None:
        # What fails is tried again here, not in the client. And limits are ours: redis-py's socket_timeout goes through
        # asyncio.wait_for, which on Python 3.11 can lose a cancellation (CPython issue 86296).
        self._redis = Redis.from_url(
            settings.redis_url.get_secret_value(),
            socket_timeout=None,
            socket_connect_timeout=settings.read_timeout_seconds,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
        self._followers = [
            _Follower(self._redis, partition, settings, self._move, delays) for partition in range(settings.partitions)
        ]
        self._places: Mapping[int, Place] | None = None
        self._buffer = settings.subscriber_buffer
        self.waits = Room(settings.token_waits, "requests that wait for a consistency token")
        self.subscribers = Room(settings.subscriptions, "subscriptions")
        self.too_slow = 0
        """How many subscriptions had to be ended because their clients did not keep up."""
        self.moved: Callable[[int, Position], None] | None = None
        """Told of every position that a partition comes to, where somebody wants to know."""

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Follow while the block runs; subscriptions that are still open afterwards end with Unavailable."""
        running = [asyncio.create_task(follower.run()) for follower in self._followers]
        try:
            yield
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            for follower in self._followers:
                follower.end(Unavailable())
            await self._redis.aclose()

    def position(self, partition: int) -> Position:
        """How far the partition has come, as far as this process knows; BEGINNING while it does not."""
        return self._followers[partition].position or BEGINNING

    def places(self) -> Mapping[int, Place]:
        """By partition, what `position` says: the same mapping until one of them moves."""
        if self._places is None:
            self._places = {follower.partition: Place(follower.position or BEGINNING) for follower in self._followers}
        return self._places

    @property
    def notices(self) -> int:
        """How many changes this process has heard of."""
        return sum(follower.notices for follower in self._followers)

    def _move(self, partition: int, position: Position) -> None:
        self._places = None
        if self.moved:
            self.moved(partition, position)

    async def reached(self, token: Token, timeout: float) -> bool:
        """True as soon as the read model shows what the token marks; StaleRead after so many seconds.

        Busy where it would have to wait and too many do; InvalidToken.
        """
        if not all(0 <= partition < len(self._followers) for partition in token.partitions):
            raise InvalidToken("not a consistency token of this system: pass one that a receipt gave")
        if not self._behind(token):
            return True
        try:
            with self.waits:
                async with asyncio.timeout(timeout):
                    await self._come_to(token)
        except TimeoutError:
            raise StaleRead(Token(tuple((p, self.position(p)) for p in token.partitions))) from None
        return True

    async def _come_to(self, token: Token) -> None:
        # In turn, and again: while one was waited for, another may have gone back.
        while behind := self._behind(token):
            partition, wanted = behind[0]
            await self._followers[partition].waiting.wait(wanted)

    def _behind(self, token: Token) -> list[tuple[int, Position]]:
        return [(partition, wanted) for partition, wanted in token.positions if self.position(partition) < wanted]

    def subscriber(self) -> AbstractContextManager[None]:
        """A subscriber's place in this process; Busy where all are taken."""
        return self.subscribers

    @asynccontextmanager
    async def subscribe(self, partitions: Iterable[int], wanted: Wanted) -> AsyncIterator[Subscription]:
        """A subscriber's place, and what `listen` gives; Busy."""
        with self.subscriber():
            async with self.listen(partitions, wanted) as subscription:
                yield subscription

    @asynccontextmanager
    async def listen(self, partitions: Iterable[int], wanted: Wanted) -> AsyncIterator[Subscription]:
        """The partitions' changes of one aggregate, or those that a predicate wants, from now on.

        Those of a partition in order. One may come twice (after Redis lost its last moments, for example): tell them
        by version, or by position.
        """
        subscription = Subscription(self._buffer)
        followers = [self._followers[partition] for partition in partitions]
        for follower in followers:
            follower.add(subscription, wanted)
        try:
            yield subscription
        finally:
            for follower in followers:
                follower.remove(subscription, wanted)
            self.too_slow += subscription.is_too_slow

    def silences(self) -> list[tuple[int, float]]:
        """By partition that was ever heard, the seconds since its position was last seen moving."""
        now = asyncio.get_running_loop().time()
        return [(f.partition, now - f.moved_at) for f in self._followers if f.moved_at is not None]

    def silent(self, seconds: float) -> tuple[int, ...]:
        """The partitions whose position was not seen moving in the last `seconds`."""
        since = asyncio.get_running_loop().time() - seconds
        return tuple(f.partition for f in self._followers if f.moved_at is None or f.moved_at < since)


class _Follower:
    """One partition's feed, read entry by entry from the position reached."""

    def __init__(
        self,
        redis: Redis,
        partition: int,
        settings: ReadSettings,
        moved: Callable[[int, Position], None],
        delays: Delays | None,
    ) -> None:
        self.partition = partition
        self.position: Position | None = None
        self.moved_at: float | None = None
        self.waiting = WaitingRoom()
        self.notices = 0
        self._moved = moved
        self._delays = delays
        self._redis = redis
        self._feed = feed_key(partition)
        self._block = round(settings.feed_block_seconds * 1000)
        self._batch = settings.feed_batch
        self._patience = settings.feed_block_seconds + settings.read_timeout_seconds
        self._by_id: dict[str, set[Subscription]] = {}
        self._by_predicate: dict[Subscription, Predicate] = {}

    async def run(self) -> None:
        """Follow for ever, through every failure of Redis."""
        pause = FIRST_PAUSE
        while True:
            try:
                await self._compare()
                while await self._take(self.position or BEGINNING):
                    pause = FIRST_PAUSE
            except Exception as error:
                # Whatever it is: a feed that nobody follows any more would stop every reader and say nothing.
                if pause == FIRST_PAUSE:
                    ours = not isinstance(error, RedisError | OSError)
                    _log.warning("feed of partition %d: %s", self.partition, error, exc_info=ours)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    def add(self, subscription: Subscription, wanted: Wanted) -> None:
        if isinstance(wanted, str):
            self._by_id.setdefault(wanted, set()).add(subscription)
        else:
            self._by_predicate[subscription] = wanted

    def remove(self, subscription: Subscription, wanted: Wanted) -> None:
        if not isinstance(wanted, str):
            del self._by_predicate[subscription]
            return
        self._by_id[wanted].remove(subscription)
        if not self._by_id[wanted]:
            del self._by_id[wanted]

    def end(self, fault: Unavailable) -> None:
        for subscription in self._everyone():
            subscription.end(fault)

    async def _compare(self) -> None:
        """Whether the stored position is where the feed left us: asked when connecting, and when the feed is silent."""
        async with asyncio.timeout(self._patience), self._redis.pipeline(transaction=True) as both:
            both.hget(projected_key(self.partition), "position")
            both.xrange(self._feed, min=f"({self.position or BEGINNING}", count=1)
            text, later = await both.execute()
        stored = Position.parse(text) if text else BEGINNING
        if self.position is not None and stored < self.position:
            # Redis lost its last moments, or all: the projector does them again, and so do we.
            _log.warning("partition %d went back from %s to %s", self.partition, self.position, stored)
            self.position = stored
            self._moved(self.partition, stored)
            for subscription in self._everyone():
                subscription.forget(self.partition, stored)
        elif self.position is None or (stored > self.position and not later):
            # Nobody knows what happened up to here: those who listened before we knew the position, or whose feed
            # has lost entries, must look for themselves.
            self._arrive(stored)
            self._offer(Resync(self.partition), self._everyone())

    async def _take(self, position: Position) -> bool:
        """What the feed has above the position, waiting a while for it; False when it stayed silent."""
        async with asyncio.timeout(self._patience), self._redis.pipeline(transaction=False) as both:
            both.xread({self._feed: str(position)}, count=self._batch, block=self._block)
            # Read afterwards: what is still there at or below our position proves that nothing above was trimmed.
            both.xrange(self._feed, count=1)
            read, oldest = await both.execute()
        if not read:
            return False
        if Position.parse(oldest[0][0]) > position:
            self._offer(Resync(self.partition), self._everyone())
        entries: list[tuple[str, dict[str, str]]] = read[0][1]
        heard = entries if self._by_id or self._by_predicate else ()  # or nobody listens
        offered = 0
        for id, fields in heard:
            offered += self._announce(id, fields)
            if offered > MOST_AT_ONCE:
                offered = 0
                await asyncio.sleep(0)
        self.moved_at = asyncio.get_running_loop().time()
        self.notices += sum([1 for _, fields in entries if fields.get(CHANGE)])
        self._arrive(Position.parse(entries[-1][0]))
        if self._delays:
            self._delays.sample(entries[-1][1])
        return True

    def _announce(self, id: str, fields: dict[str, str]) -> int:
        """To how many subscribers."""
        try:
            announced = Announced.of(self.partition, id, fields)
        except ValueError:
            # A newer projector may say what we do not know; the position counts all the same.
            _log.warning("partition %d announced what this program does not know", self.partition)
            return 0
        number = 0
        for one in announced:
            trace = tracing.recorded(one.change.trace)
            since = tracing.now() if trace else 0
            about = list(self._by_id.get(one.change.about, ()))
            asked = [s for s, wants in self._by_predicate.items() if wants(one)]
            self._offer(one, about)
            self._offer(one, asked)
            number += len(about) + len(asked)
            if trace:
                told = {"orderstream.subscriptions": len(about) + len(asked)}
                tracing.record("deliver", [trace], since, told, "consumer")
        return number

    def _arrive(self, position: Position) -> None:
        self.position = position
        self._moved(self.partition, position)
        self.waiting.call(position)

    def _everyone(self) -> list[Subscription]:
        return [*(s for group in self._by_id.values() for s in group), *self._by_predicate]

    def _offer(self, item: Item, subscriptions: list[Subscription]) -> None:
        for subscription in subscriptions:
            subscription.offer(item)
