"""Every change of many orders: replayed, live, resumed; each exactly once, in order per partition."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from itertools import cycle
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from redis.asyncio import Redis

from read_model.changes import Changes
from read_model.connection import Commands, Reader
from read_model.errors import BadCursor, CursorExpired, SlowConsumer, Unavailable
from read_model.multiplexed import Replies
from read_model.order_feed import Followed, OrderFeed
from read_model.schema.changes import CHANGE, OrderChanged, encode_change
from read_model.schema.keys import feed_key
from read_model.settings import ReadSettings
from tests.read_model.patience import PATIENCE, until
from tests.read_model.projected import PARTITIONS, Projected, make_id
from write_model.contracts.streams import Position, Token, partition_of, projected_key

ADA, BOB = make_id("cus", 1), make_id("cus", 2)


def changed(customer_id: str = ADA, status: str = "PLACED", version: int = 1) -> OrderChanged:
    """A change of an order of its own."""
    order_id = make_id("ord", partition_of(customer_id, PARTITIONS))
    return OrderChanged(order_id, customer_id, version, None, status, "2026-11-20T09:30:00.000Z")


async def take(stream: AsyncGenerator[Followed, None], count: int = 1) -> list[OrderChanged]:
    async with asyncio.timeout(PATIENCE):
        return [(await anext(stream)).change for _ in range(count)]


async def live(stream: AsyncGenerator[Followed, None], projected: Projected, changes: Changes) -> str:
    """Bring the stream past what it reads at first; the cursor of a change that it took live."""
    for _ in range(2):
        next_one = asyncio.ensure_future(anext(stream))
        await until(lambda: bool(changes._followers[1]._by_predicate))
        await projected.announce(changed(ADA, "SHIPPED"))
        async with asyncio.timeout(PATIENCE):
            cursor = (await next_one).cursor
    return cursor


@pytest.fixture
async def follow(reader: Reader, changes: Changes) -> AsyncIterator[Any]:
    """Opens a stream that is closed after the test."""
    async with AsyncExitStack() as open_streams:

        async def opened(**asked: Any) -> AsyncGenerator[Followed, None]:
            feed = await OrderFeed.open(reader, changes, **asked)
            return await open_streams.enter_async_context(aclosing(feed.follow()))

        yield opened


async def test_without_a_cursor_the_changes_from_now_on(follow: Any, projected: Projected) -> None:
    await projected.announce(changed())
    stream = await follow()
    expected = [changed(), changed(BOB), changed()]
    for change in expected:
        await projected.announce(change)
        assert await take(stream) == [change]


async def test_a_change_of_lines_is_a_change(follow: Any, projected: Projected) -> None:
    stream = await follow(statuses=["DRAFT"])
    edited = OrderChanged(make_id("ord", 1), ADA, 2, "DRAFT", "DRAFT", "2026-11-20T09:30:00.000Z")
    await projected.announce(edited)
    assert await take(stream) == [edited]


async def test_those_of_one_customer_or_into_some_statuses(follow: Any, projected: Projected) -> None:
    of_ada, shipped = await follow(customer_id=ADA), await follow(statuses=["SHIPPED", "DELIVERED"])
    everything = [changed(BOB, "SHIPPED"), changed(), changed(ADA, "DELIVERED"), changed(BOB), changed(ADA, "SHIPPED")]
    for change in everything:
        await projected.announce(change)
    assert await take(of_ada, 3) == [change for change in everything if change.customer_id == ADA]
    found = await take(shipped, 3)
    wanted = [change for change in everything if change.status in ("SHIPPED", "DELIVERED")]
    for customer in (ADA, BOB):
        assert [c for c in found if c.customer_id == customer] == [c for c in wanted if c.customer_id == customer]


async def test_after_a_cursor_everything_that_was_missed(
    reader: Reader, changes: Changes, follow: Any, projected: Projected
) -> None:
    stream = await follow()
    await projected.announce(changed())
    cursor = (await anext(stream)).cursor
    missed = [changed() for _ in range(450)]  # more than two pages
    await projected.announce(*missed)
    resumed = await follow(after=cursor)
    assert await take(resumed, 450) == missed
    last = changed()
    await projected.announce(last)
    assert await take(resumed) == [last]


async def test_a_cursor_does_not_age_where_nothing_happens(
    follow: Any, projected: Projected, changes: Changes, redis: Redis
) -> None:
    stream = await follow(statuses=["SHIPPED"])
    await live(stream, projected, changes)
    # The others go on without a change that is wanted.
    moved = tuple([(partition, await projected.watermark(partition)) for partition in range(PARTITIONS)])
    await changes.reached(Token(moved), PATIENCE)
    await projected.announce(changed(ADA, "SHIPPED"))
    async with asyncio.timeout(PATIENCE):
        cursor = (await anext(stream)).cursor
    for partition in range(PARTITIONS):
        await redis.xtrim(feed_key(partition), maxlen=1, approximate=False)
    resumed = await follow(after=cursor, statuses=["SHIPPED"])
    last = changed(BOB, "SHIPPED")
    await projected.announce(last)
    assert await take(resumed) == [last]


async def test_a_cursor_that_the_feed_has_left_behind_is_expired(
    follow: Any, projected: Projected, changes: Changes, redis: Redis
) -> None:
    stream = await follow()
    cursor = await live(stream, projected, changes)
    both = changed(), changed()
    position = await projected.announce(*both)
    await changes.reached(Token.at(position, (1,)), PATIENCE)
    await redis.xtrim(feed_key(1), maxlen=2, approximate=False)
    with pytest.raises(CursorExpired):
        await follow(after=cursor)
    assert await take(stream, 2) == list(both)  # whoever stayed has missed nothing


async def test_a_live_stream_that_missed_what_was_trimmed_is_told(
    follow: Any, projected: Projected, changes: Changes, redis: Redis
) -> None:
    stream = await follow()
    await live(stream, projected, changes)
    next_one = asyncio.ensure_future(anext(stream))
    end = Position(changes.position(1).ms + 1_000_000, 0)
    async with redis.pipeline() as step:
        step.xadd(feed_key(1), {CHANGE: encode_change(changed())}, id=str(Position(end.ms - 1, 0)))
        step.xadd(feed_key(1), {CHANGE: ""}, id=str(end))
        step.xtrim(feed_key(1), minid=str(end), approximate=False)
        step.hset(projected_key(1), "position", str(end))
        await step.execute()
    with pytest.raises(CursorExpired):
        await next_one


def token(*positions: tuple[int, Position]) -> str:
    return Token(positions).encode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "é",
        "////",
        "x" * 10_000,
        token(),
        token((0, Position(1, 0))),
        token(*((n, Position(1, 0)) for n in range(PARTITIONS + 1))),
        token(*((n, Position(-1, 0)) for n in range(PARTITIONS))),
        token(*((n, Position(1, 2**64)) for n in range(PARTITIONS))),
    ],
)
async def test_what_is_no_cursor_is_refused(follow: Any, projected: Projected, cursor: str) -> None:
    with pytest.raises(BadCursor, match="after"):
        await follow(after=cursor)


async def test_a_read_model_that_is_being_prepared_is_not_followed(follow: Any, projected: Projected) -> None:
    await projected.redis.hdel(projected_key(3), "complete")
    with pytest.raises(Unavailable):
        await follow()
    await follow(customer_id=ADA)


async def test_who_does_not_keep_up_is_ended_and_resumes(follow: Any, projected: Projected, changes: Changes) -> None:
    stream = await follow()
    missed = [changed() for _ in range(12)]
    cursor = await live(stream, projected, changes)
    for change in missed:
        position = await projected.announce(change)
    await changes.reached(Token.at(position, (1,)), PATIENCE)
    with pytest.raises(SlowConsumer):
        await take(stream)
    assert await take(await follow(after=cursor), 12) == missed


async def test_redis_that_is_filled_again_says_nothing_twice_and_ends_nobody(
    follow: Any, projected: Projected, changes: Changes, redis: Redis
) -> None:
    await projected.announce(*(changed() for _ in range(20)))  # more than the buffer
    stream = await follow()
    await live(stream, projected, changes)
    next_one = asyncio.ensure_future(anext(stream))
    entries: Any = await redis.xrange(feed_key(1))
    stored = await redis.hget(projected_key(1), "position")
    await redis.delete(feed_key(1), projected_key(1))
    await until(lambda: changes.position(1) == Position(0, 0))
    for id, fields in entries:
        await redis.xadd(feed_key(1), fields, id=id)
    await redis.hset(projected_key(1), mapping={"position": str(stored), "generation": "1", "complete": "1"})
    last = changed()
    await projected.announce(last)
    async with asyncio.timeout(PATIENCE):
        assert (await next_one).change == last


class Feeds:
    """The feeds of a system, with what they have said and what they lost."""

    def __init__(self, redis: Redis, projected: Projected) -> None:
        self.projected = projected
        self.said: list[OrderChanged] = []
        self._redis = redis

    async def say(self, customer_id: str, status: str, times: int) -> None:
        """So many changes in one step."""
        said = [changed(customer_id, status) for _ in range(times)]
        self.said += said
        await self.projected.announce(*said)

    @asynccontextmanager
    async def going_back(self, partition: int, entries: int) -> AsyncIterator[None]:
        """So many of the last entries are gone while the block runs; then the projector says them again."""
        feed = feed_key(partition)
        every: Any = await self._redis.xrange(feed)
        end = max(1, len(every) - entries)
        stored = await self._redis.hget(projected_key(partition), "position")
        async with self._redis.pipeline() as step:
            step.delete(feed)
            for id, fields in every[:end]:
                step.xadd(feed, fields, id=id)
            step.hset(projected_key(partition), "position", every[end - 1][0])
            await step.execute()
        yield
        async with self._redis.pipeline() as step:
            for id, fields in every[end:]:
                step.xadd(feed, fields, id=id)
            step.hset(projected_key(partition), "position", str(stored))
            await step.execute()


class Interrupted(Reader):
    """A reader to which something happens before or after some of its reads, counted from 1."""

    def __init__(self, reader: Reader, settings: ReadSettings) -> None:
        super().__init__(reader._connection, settings)
        self.reads = self.answered = 0
        self.before: dict[int, Callable[[], Awaitable[object]]] = {}
        self.after: dict[int, Callable[[], Awaitable[object]]] = {}

    async def read(self, wanted: Mapping[int, Commands], *, complete: bool = True) -> dict[int, Replies]:
        self.reads += 1
        number = self.reads
        await self.before.get(number, nothing)()
        answers = await super().read(wanted, complete=complete)
        await self.after.get(number, nothing)()
        self.answered = number
        return answers


async def nothing() -> None:
    pass


OPENED, REPLAYED, REPLAYED_AGAIN = 1, 2, 3
"""The reads of a stream that has little to catch up with."""


async def test_what_happens_between_the_replay_and_the_subscription_is_not_missed(
    reader: Reader, settings: ReadSettings, changes: Changes, projected: Projected
) -> None:
    interrupted, change = Interrupted(reader, settings), changed()

    async def meanwhile() -> None:
        await changes.reached(Token.at(await projected.announce(change), (1,)), PATIENCE)

    interrupted.after[REPLAYED] = meanwhile
    feed = await OrderFeed.open(interrupted, changes)
    async with aclosing(feed.follow()) as stream:
        assert await take(stream) == [change]


async def test_redis_that_goes_back_while_somebody_resumes_and_is_back_before_it_was_noticed(
    redis: Redis, reader: Reader, settings: ReadSettings, changes: Changes, projected: Projected
) -> None:
    interrupted, feeds = Interrupted(reader, settings), Feeds(redis, projected)
    await feeds.say(ADA, "PLACED", 1)
    feed = await OrderFeed.open(interrupted, changes)
    await feeds.say(ADA, "PLACED", 3)
    await changes.reached(Token.at(await projected.watermark(1), (1,)), PATIENCE)
    async with AsyncExitStack() as back, aclosing(feed.follow()) as stream:

        async def forward() -> None:
            await back.aclose()
            await feeds.say(ADA, "PLACED", 1)

        interrupted.before[REPLAYED] = lambda: back.enter_async_context(feeds.going_back(1, 4))
        interrupted.after[REPLAYED_AGAIN] = forward
        assert await take(stream, 4) == feeds.said[1:]


async def test_what_was_offered_before_redis_went_back_does_not_come_before_what_it_lost(
    reader: Reader, settings: ReadSettings, changes: Changes, projected: Projected, redis: Redis
) -> None:
    interrupted, feeds = Interrupted(reader, settings), Feeds(redis, projected)

    async def say() -> Position:
        await feeds.say(ADA, "PLACED", 1)
        position = await projected.watermark(1)
        await changes.reached(Token.at(position, (1,)), PATIENCE)
        return position

    await say()
    feed = await OrderFeed.open(interrupted, changes)
    async with AsyncExitStack() as back, aclosing(feed.follow()) as stream:

        async def offer_and_go_back() -> None:
            position = await say()
            await back.enter_async_context(feeds.going_back(1, 4))
            await until(lambda: changes.position(1) < position)

        interrupted.after[REPLAYED] = say  # is heard before the subscription
        interrupted.before[REPLAYED_AGAIN] = offer_and_go_back
        next_one = asyncio.ensure_future(take(stream, 2))
        await until(lambda: interrupted.answered == REPLAYED_AGAIN)
        await back.aclose()
        assert await next_one == feeds.said[1:]


class Client:
    """Someone who follows, is cut off now and then, and resumes after the last cursor that came."""

    def __init__(self, reader: Reader, settings: ReadSettings, room: Sequence[bool], **asked: Any) -> None:
        self._room = cycle(room or [False])
        self.seen: list[OrderChanged] = []
        self._reader = reader
        self._settings = settings
        self._asked = asked
        self._cursor: str | None = None
        self._listening: asyncio.Task[None] | None = None
        self._processes = AsyncExitStack()

    async def connect(self, *, another_process: bool) -> None:
        """Connect, for the first time or again; to a process that has just started, perhaps."""
        await self.leave()
        if another_process:
            await self._processes.aclose()
            self._changes = Changes(self._settings)
            await self._processes.enter_async_context(self._changes.following())
        feed = await OrderFeed.open(self._reader, self._changes, after=self._cursor, **self._asked)
        self._listening = asyncio.create_task(self._listen(feed))

    async def leave(self) -> None:
        if self._listening:
            self._listening.cancel()
            (end,) = await asyncio.gather(self._listening, return_exceptions=True)
            assert isinstance(end, asyncio.CancelledError), end

    async def close(self) -> None:
        await self.leave()
        await self._processes.aclose()

    async def _listen(self, feed: OrderFeed) -> None:
        async with aclosing(feed.follow(self._tell)) as stream:
            async for followed in stream:
                self._take(followed)

    def _tell(self, followed: Followed) -> bool:
        if has_room := next(self._room):
            self._take(followed)
        return has_room

    def _take(self, followed: Followed) -> None:
        self._cursor = followed.cursor
        self.seen.append(followed.change)


says = st.tuples(st.just("say"), st.sampled_from([ADA, BOB]), st.sampled_from(["PLACED", "SHIPPED"]), st.integers(1, 4))
moments = st.one_of(
    says,
    says,
    st.tuples(st.just("watermark"), st.integers(0, PARTITIONS - 1)),
    st.tuples(st.just("reconnect"), st.booleans()),
    st.tuples(st.just("back"), st.sampled_from([1, 2]), st.integers(1, 3), st.booleans()),
    st.tuples(st.just("pause"), st.sampled_from([0, 1, 5, 40])),
)


@examples(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    # What is missed is waited for: shrinking would take minutes, and the examples are small as they are.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(
    happened=st.lists(moments, max_size=14),
    asked=st.sampled_from([{}, {"customer_id": ADA}, {"statuses": ["SHIPPED"]}]),
    room=st.lists(st.booleans(), max_size=5),
)
async def test_whatever_happens_every_change_comes_exactly_once_and_in_order(
    redis: Redis,
    settings: ReadSettings,
    reader: Reader,
    happened: list[Any],
    asked: dict[str, Any],
    room: list[bool],
) -> None:
    """Changes, watermarks, lost connections, restarted processes, and a Redis that goes back and catches up again,
    with and without anybody having noticed; told at once wherever the client has room, or by the iterator."""
    await redis.flushall()
    projected = Projected(redis)
    await projected.complete()
    # Whoever is slow here is the machine.
    patient = settings.model_copy(update={"subscriber_buffer": 1_000})
    feeds, client = Feeds(redis, projected), Client(reader, patient, room, **asked)
    try:
        async with asyncio.timeout(PATIENCE):
            await client.connect(another_process=True)
            await feeds.say(ADA, "SHIPPED", 1)  # so that it has a cursor
            await until(lambda: bool(client.seen))
            for what, *details in happened:
                match what:
                    case "say":
                        await feeds.say(*details)
                    case "watermark":
                        await projected.watermark(*details)
                    case "reconnect":
                        await client.connect(another_process=details[0])
                    case "back":
                        partition, entries, reconnected = details
                        async with feeds.going_back(partition, entries):
                            if reconnected:
                                await client.connect(another_process=False)
                            for _ in range(5):
                                await asyncio.sleep(0)
                    case _:
                        for _ in range(details[0]):
                            await asyncio.sleep(0)
            customers, statuses = [asked.get("customer_id", c) for c in (ADA, BOB)], asked.get("statuses")
            expected = [c for c in feeds.said if c.customer_id in customers and (not statuses or c.status in statuses)]
            await until(lambda: len(client.seen) >= len(expected))
            for _ in range(20):  # time for one too many
                await asyncio.sleep(0)
    finally:
        await client.close()
    assert len(client.seen) == len(expected)
    for customer in (ADA, BOB):
        assert [c for c in client.seen if c.customer_id == customer] == [
            c for c in expected if c.customer_id == customer
        ]
