"""An order's status changes: those that were missed, then live ones, without a gap or a duplicate."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from itertools import cycle

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from redis.asyncio import Redis

from read_model.changes import Changes
from read_model.connection import Commands, Reader
from read_model.errors import OrderUnknown, SlowConsumer, Unavailable
from read_model.multiplexed import Multiplexed, Replies
from read_model.orders import order_status_changes
from read_model.schema.changes import OrderChanged
from read_model.schema.keys import feed_key
from read_model.schema.orders import OrderRow
from read_model.settings import ReadSettings
from tests.read_model.patience import PATIENCE, until
from tests.read_model.projected import Projected, make_id, moved, order_row
from write_model.contracts.streams import Position, Token, projected_key

STATUSES = ("CONFIRMED", "SHIPPED", "DELIVERED")


class Interrupted(Reader):
    """A reader to which something happens right before a read reaches Redis, and right after."""

    before: Callable[[], Awaitable[None]]
    after: Callable[[], Awaitable[None]]

    async def read(self, wanted: Mapping[int, Commands], *, complete: bool = True) -> dict[int, Replies]:
        await self.before()
        answers = await super().read(wanted, complete=complete)
        await self.after()
        return answers


@pytest.fixture
def interrupted(connection: Multiplexed, settings: ReadSettings) -> Interrupted:
    return Interrupted(connection, settings)


class Order:
    """An order that goes on from status to status, announced each time."""

    def __init__(self, projected: Projected, changes: Changes) -> None:
        self.row: OrderRow = order_row(make_id("ord", 1), make_id("cus", 1))
        self.id = self.row.summary.id
        self._projected = projected
        self._changes = changes

    async def move(self, times: int, *, heard: bool = True) -> None:
        """So many changes; `heard` waits until this process has followed them."""
        for _ in range(times):
            self.row = moved(self.row, STATUSES[self.row.summary.version % len(STATUSES)])
            await self._projected.order(self.row, announced=True)
        if heard:
            await self.followed()

    async def followed(self) -> None:
        position = await self._projected.watermark(1)
        await self._changes.reached(Token.at(position, (1,)), PATIENCE)

    def above(self, version: int) -> list[OrderChanged]:
        order = self.row.summary
        return [OrderChanged(order.id, order.customer_id, *c) for c in self.row.timeline if c.version > version]


async def test_those_that_were_missed_then_those_that_come(
    reader: Reader, changes: Changes, projected: Projected
) -> None:
    order = Order(projected, changes)
    await projected.order(order.row, announced=True)
    await order.move(2)
    async with asyncio.timeout(PATIENCE), aclosing(order_status_changes(reader, changes, order.id, 1)) as stream:
        assert [await anext(stream), await anext(stream)] == order.above(1)
        await order.move(1)
        assert await anext(stream) == order.above(3)[0]


async def test_without_a_version_only_those_that_come(
    interrupted: Interrupted, changes: Changes, projected: Projected
) -> None:
    order = Order(projected, changes)
    await projected.order(order.row, announced=True)
    await order.move(1)
    read = asyncio.Event()

    async def after() -> None:
        read.set()

    interrupted.before, interrupted.after = nothing, after
    async with asyncio.timeout(PATIENCE), aclosing(order_status_changes(interrupted, changes, order.id)) as stream:
        first = asyncio.ensure_future(anext(stream))
        await read.wait()
        await order.move(1)
        assert await first == order.above(2)[0]


@pytest.mark.parametrize("id", ["", "x", "ord_x", "cus_" + "0" * 28, "ord_" + "0" * 28])
async def test_an_order_that_is_not_there(reader: Reader, changes: Changes, projected: Projected, id: str) -> None:
    async with aclosing(order_status_changes(reader, changes, id, 0)) as stream:
        with pytest.raises(OrderUnknown):
            await anext(stream)
    assert changes._followers[0]._everyone() == []


async def test_an_incomplete_partition(reader: Reader, changes: Changes, projected: Projected) -> None:
    order = Order(projected, changes)
    await projected.order(order.row, announced=True)
    await projected.redis.hdel(projected_key(1), "complete")
    async with aclosing(order_status_changes(reader, changes, order.id, 0)) as stream:
        with pytest.raises(Unavailable):
            await anext(stream)


async def test_a_client_that_does_not_keep_up_is_ended_and_resumes(
    reader: Reader, changes: Changes, projected: Projected
) -> None:
    order = Order(projected, changes)
    await projected.order(order.row, announced=True)
    async with asyncio.timeout(PATIENCE), aclosing(order_status_changes(reader, changes, order.id, 0)) as stream:
        seen = (await anext(stream)).version
        await order.move(12)
        with pytest.raises(SlowConsumer):
            await anext(stream)
    async with asyncio.timeout(PATIENCE), aclosing(order_status_changes(reader, changes, order.id, seen)) as stream:
        assert [await anext(stream) for _ in range(12)] == order.above(seen)


@pytest.mark.parametrize("has_room", [True, False])
async def test_a_change_that_was_offered_before_redis_went_back_waits_for_those_before_it(
    reader: Reader, changes: Changes, projected: Projected, has_room: bool
) -> None:
    order = Order(projected, changes)
    await projected.order(order.row, announced=True)
    await order.followed()
    placed = order.row
    later = moved(moved(placed, "CONFIRMED"), "SHIPPED")
    seen: list[OrderChanged] = []

    def tell(change: OrderChanged) -> bool:
        if has_room:
            seen.append(change)
        return has_room

    async with asyncio.timeout(PATIENCE), aclosing(order_status_changes(reader, changes, order.id, 0, tell)) as stream:
        seen.append(await anext(stream))
        coming = asyncio.ensure_future(anext(stream))
        if has_room:
            (feed,) = changes._followers[1]._by_id[order.id]
            await until(lambda: not feed._arrived.is_set())
        await projected.announce(OrderChanged(order.id, placed.summary.customer_id, *later.timeline[-1]))
        await order.followed()
        await projected.order(later)  # projected again, and not announced: this process has heard of it
        seen += [await coming, await anext(stream)]
    assert [change.status for change in seen] == ["PLACED", "CONFIRMED", "SHIPPED"]


async def test_changes_that_the_feed_lost_come_from_the_timeline(
    reader: Reader, changes: Changes, projected: Projected, redis: Redis
) -> None:
    order = Order(projected, changes)
    await projected.order(order.row, announced=True)
    await order.followed()
    async with asyncio.timeout(PATIENCE), aclosing(order_status_changes(reader, changes, order.id, 0)) as stream:
        await anext(stream)
        order.row = moved(order.row, "CONFIRMED")
        await projected.order(order.row)  # Not announced: that entry is gone, and so are all up to here.
        end = Position(changes.position(1).ms + 100_000, 0)
        async with redis.pipeline() as step:
            step.xadd(feed_key(1), {"change": ""}, id=str(end))
            step.xtrim(feed_key(1), minid=str(end), approximate=False)
            step.hset(projected_key(1), "position", str(end))
            # While it is being prepared, a live subscription waits: it has nothing wrong to say.
            step.hdel(projected_key(1), "complete")
            await step.execute()
        next_one = asyncio.ensure_future(anext(stream))
        await asyncio.wait([next_one], timeout=0.1)
        assert not next_one.done()
        await redis.hset(projected_key(1), "complete", 1)
        assert await next_one == order.above(1)[0]


async def test_other_lines_are_no_change_of_status(reader: Reader, changes: Changes, projected: Projected) -> None:
    order = Order(projected, changes)
    await projected.order(order.row, announced=True)
    await order.followed()
    summary = order.row.summary
    async with asyncio.timeout(PATIENCE), aclosing(order_status_changes(reader, changes, order.id, 0)) as stream:
        await anext(stream)
        await projected.announce(
            OrderChanged(order.id, summary.customer_id, 2, summary.status, summary.status, summary.updated_at)
        )
        await order.move(1)
        assert await anext(stream) == order.above(1)[0]


moments = st.tuples(st.integers(0, 2), st.booleans())


@examples(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    # What is missed is waited for: shrinking would take minutes, and the examples are small as they are.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(
    earlier=moments,
    before_read=moments,
    after_read=moments,
    live=st.lists(st.tuples(st.integers(1, 3), st.booleans()), max_size=4),
    after_version=st.none() | st.integers(0, 6),
    room=st.lists(st.booleans(), max_size=5),
)
async def test_whatever_happens_meanwhile_nothing_is_missed_and_nothing_comes_twice(
    redis: Redis,
    settings: ReadSettings,
    interrupted: Interrupted,
    earlier: tuple[int, bool],
    before_read: tuple[int, bool],
    after_read: tuple[int, bool],
    live: list[tuple[int, bool]],
    after_version: int | None,
    room: list[bool],
) -> None:
    """Changes are announced before the subscription, between its registration and its read, after the read, and live;
    each time with or without this process having followed them; told at once wherever there is room, or yielded."""
    await redis.flushall()
    projected, changes = Projected(redis), Changes(settings)
    await projected.complete()
    reader = interrupted
    async with changes.following():
        order = Order(projected, changes)
        await projected.order(order.row, announced=True)
        await order.move(earlier[0], heard=earlier[1])
        baseline = 0

        async def before() -> None:
            nonlocal baseline
            reader.before = nothing
            await order.move(before_read[0], heard=before_read[1])
            baseline = order.row.summary.version

        async def after() -> None:
            reader.after = nothing
            await order.move(after_read[0], heard=after_read[1])
            subscribed.set()

        subscribed = asyncio.Event()
        reader.before, reader.after = before, after
        seen: list[OrderChanged] = []
        has_room = cycle(room or [False])

        def tell(change: OrderChanged) -> bool:
            if told := next(has_room):
                seen.append(change)
            return told

        async def listen() -> None:
            async with aclosing(order_status_changes(reader, changes, order.id, after_version, tell)) as stream:
                async for change in stream:
                    seen.append(change)  # noqa: PERF401, it never ends

        listening = asyncio.create_task(listen())
        async with asyncio.timeout(PATIENCE / 3):
            await subscribed.wait()
            for times, heard in live:
                await order.move(times, heard=heard)
            await order.followed()
            expected = order.above(baseline if after_version is None else after_version)
            await until(lambda: len(seen) >= len(expected))
        for _ in range(20):  # Time for one too many.
            await asyncio.sleep(0)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        assert seen == expected


async def nothing() -> None:
    pass
