"""Changes that are announced late, several in one entry of the feed: each once, in order, and resumed in between."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from read_model import feed_cursor
from read_model.changes import Changes
from read_model.connection import Reader
from read_model.errors import BadCursor
from read_model.order_feed import Followed, OrderFeed
from read_model.orders import order_status_changes
from read_model.schema.changes import OrderChanged
from read_model.subscription import WHOLE, Place
from tests.read_model.patience import until
from tests.read_model.projected import PARTITIONS, Projected, make_id, moved, order_row
from tests.read_model.test_order_feed import changed, live, take
from write_model.contracts.streams import Position, partition_of

ADA = make_id("cus", 1)


@pytest.fixture
async def follow(reader: Reader, changes: Changes) -> AsyncIterator[Any]:
    async with AsyncExitStack() as open_streams:

        async def opened(**asked: Any) -> AsyncGenerator[Followed, None]:
            feed = await OrderFeed.open(reader, changes, **asked)
            return await open_streams.enter_async_context(aclosing(feed.follow()))

        yield opened


async def test_all_of_an_entry_come_live_in_order_and_any_cursor_resumes_after_its_change(
    follow: Any, projected: Projected, changes: Changes
) -> None:
    stream = await follow()
    start = await live(stream, projected, changes)
    late = [changed(ADA, status, version) for version, status in enumerate(("PLACED", "CONFIRMED", "SHIPPED"), 1)]
    await projected.announce_together(*late)
    after = changed(ADA, "DELIVERED", 4)
    await projected.announce(after)
    expected, cursors = [*late, after], [start]
    for change in expected:
        followed = await anext(stream)
        assert followed.change == change
        cursors.append(followed.cursor)
    assert len(set(cursors)) == 5
    for number, cursor in enumerate(cursors[:-1]):
        assert await take(await follow(after=cursor), 4 - number) == expected[number:]


async def test_a_filter_takes_what_it_wants_of_an_entry(follow: Any, projected: Projected, changes: Changes) -> None:
    wanted = {"statuses": ["CONFIRMED", "DELIVERED"]}
    stream, start = await follow(**wanted), await live(await follow(), projected, changes)
    late = [changed(ADA, status) for status in ("PLACED", "CONFIRMED", "SHIPPED")]
    await projected.announce_together(*late)
    after = changed(ADA, "DELIVERED")
    await projected.announce(after)
    assert await take(stream, 2) == [late[1], after]
    resumed = await follow(after=start, **wanted)
    first = await anext(resumed)
    assert first.change == late[1]
    assert await take(await follow(after=first.cursor, **wanted)) == [after]


async def test_an_orders_late_status_changes_come_each_once(
    reader: Reader, changes: Changes, projected: Projected
) -> None:
    row = order_row(make_id("ord", 1), ADA)
    await projected.order(row, announced=True)
    order = row.summary
    async with aclosing(order_status_changes(reader, changes, order.id, 0)) as stream:
        assert (await anext(stream)).status == "PLACED"
        confirmed = moved(row, "CONFIRMED")
        shipped = moved(confirmed, "SHIPPED")
        follower = changes._followers[partition_of(order.id, PARTITIONS)]
        await until(lambda: follower.position is not None)
        late = [OrderChanged(order.id, ADA, *r.timeline[-1]) for r in (confirmed, shipped)]
        await projected.announce_together(*late)
        assert [await anext(stream), await anext(stream)] == late


places = st.dictionaries(
    st.integers(0, 5),
    st.builds(
        Place,
        st.builds(Position, st.integers(0, 2**53), st.integers(0, 2**53)),
        st.one_of(st.just(WHOLE), st.integers(1, 1000)),
    ),
    min_size=1,
)


@given(places)
def test_a_cursor_is_read_as_it_was_written(written: dict[int, Place]) -> None:
    assert feed_cursor.decode(feed_cursor.encode(written), written.keys(), 6) == written


@pytest.mark.parametrize("end", [".", ".1", ".1-", ".1-0", ".1-x", ".9-1", f".1-{WHOLE}", ".1-2-3", ".1--1"])
def test_a_cursor_that_nobody_gave_is_refused(end: str) -> None:
    cursor = feed_cursor.encode({1: Place(Position(5, 5))})
    with pytest.raises(BadCursor):
        feed_cursor.decode(cursor + end, [1], 8)


async def test_the_feed_reads_nothing_twice_where_it_is_resumed_within_an_entry_that_is_gone(
    follow: Any, projected: Projected, changes: Changes, redis: Redis
) -> None:
    """Redis was lost and filled again: the late changes stand in the past now, where they belong."""
    stream = await follow()
    await live(stream, projected, changes)
    await projected.announce_together(changed(ADA), changed(ADA))
    cursor = (await anext(stream)).cursor
    await redis.delete("{p1}:feed")
    await projected.watermark(1)
    after = changed(ADA, "SHIPPED")
    await projected.announce(after)
    with pytest.raises(Exception, match="not kept any more"):
        await follow(after=cursor)
