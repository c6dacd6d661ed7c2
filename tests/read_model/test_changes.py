"""The feeds: waiting for a position, positions that go back, gaps, subscribers that do not keep up."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from redis.asyncio import Redis

from read_model.changes import Changes
from read_model.errors import SlowConsumer, StaleRead, Unavailable
from read_model.schema.changes import CHANGE, OrderChanged
from read_model.schema.keys import feed_key
from read_model.settings import ReadSettings
from read_model.subscription import Announced, Item, Resync, Subscription
from stack import embedded
from tests.read_model.conftest import settings_for
from tests.read_model.patience import PATIENCE, until
from tests.read_model.projected import PARTITIONS, Projected, make_id, moved, order_row
from write_model.contracts.streams import InvalidToken, Position, Token, projected_key


def beyond(position: Position) -> Position:
    return Position(position.ms + 1_000_000, 0)


async def take(subscription: Subscription, count: int = 1) -> list[Item]:
    async with asyncio.timeout(PATIENCE):
        return [await anext(subscription) for _ in range(count)]


async def test_what_was_projected_before_is_reached_at_once(changes: Changes, projected: Projected) -> None:
    position = await projected.watermark(0, 1)
    assert await changes.reached(Token.at(position, (1,)), PATIENCE)
    assert await changes.reached(Token.at(position, (1,)), 0)
    assert changes.position(1) == position


@pytest.mark.parametrize("partitions", [(1, 2), (2, 1)])
async def test_a_wait_ends_when_all_partitions_of_the_token_are_there(
    changes: Changes, projected: Projected, partitions: tuple[int, ...]
) -> None:
    await until(lambda: changes.position(2) > Position(0, 0))
    token = Token.at(Position(changes.position(2).ms + 5_000, 0), partitions)
    waiting = asyncio.create_task(changes.reached(token, PATIENCE))
    for _ in range(6):
        await projected.watermark(2)
    await until(lambda: changes.position(2) > token.position)
    assert not waiting.done()
    await projected.watermark(1)
    assert await waiting


async def test_a_wait_that_runs_out_says_how_far_the_read_model_is(changes: Changes, projected: Projected) -> None:
    low, high = await projected.watermark(1), await projected.watermark(2)
    await changes.reached(Token.at(low, (1,)), PATIENCE)
    await changes.reached(Token.at(high, (2,)), PATIENCE)
    with pytest.raises(StaleRead) as stale:
        await changes.reached(Token.at(high, (1, 2)), 0.01)
    assert dict(stale.value.reached.positions) == {1: low, 2: high}


async def test_who_gives_up_waiting_is_forgotten(changes: Changes) -> None:
    token = Token.at(Position(2**52, 0), (0,))
    for _ in range(3):
        with pytest.raises(StaleRead):
            await changes.reached(token, 0.001)
    assert len(changes._followers[0].waiting) == 0


@pytest.mark.parametrize("partition", [PARTITIONS, -1, 2**40])
async def test_a_token_of_another_system_is_refused(changes: Changes, partition: int) -> None:
    with pytest.raises(InvalidToken):
        await changes.reached(Token.at(Position(1, 0), (0, partition)), PATIENCE)


async def test_a_position_that_went_back_is_not_reached_any_more(
    changes: Changes, projected: Projected, redis: Redis
) -> None:
    before = await projected.watermark(0)
    after = await projected.watermark(0)
    assert await changes.reached(Token.at(after, (0,)), PATIENCE)
    await redis.xdel(feed_key(0), str(after))
    await redis.hset(projected_key(0), "position", str(before))
    await until(lambda: changes.position(0) == before)
    with pytest.raises(StaleRead):
        await changes.reached(Token.at(after, (0,)), 0.01)


async def test_what_is_announced_again_after_a_step_back_is_heard_again(
    changes: Changes, projected: Projected, redis: Redis
) -> None:
    row = order_row(make_id("ord", 0), make_id("cus", 0))
    async with changes.subscribe((0,), row.summary.id) as subscription:
        await changes.reached(Token.at(await projected.watermark(0), (0,)), PATIENCE)
        await redis.delete(feed_key(0), projected_key(0))
        await until(lambda: changes.position(0) == Position(0, 0))
        await projected.order(row, announced=True)
        while isinstance(item := (await take(subscription))[0], Resync):
            pass
        assert item.change.version == 1


async def test_a_subscriber_hears_of_its_order_only_and_in_order(changes: Changes, projected: Projected) -> None:
    await changes.reached(Token.at(await projected.watermark(1), (1,)), PATIENCE)
    mine, other = (order_row(make_id("ord", 1), make_id("cus", 1)) for _ in range(2))
    async with (
        changes.subscribe((1,), mine.summary.id) as subscription,
        changes.subscribe((1,), lambda announced: announced.change.version == 2) as confirmed,
    ):
        await projected.order(mine, other, announced=True)
        confirmed_row = moved(mine, "CONFIRMED")
        await projected.order(confirmed_row, announced=True)
        items = await take(subscription, 2)
        expected = [OrderChanged(mine.summary.id, mine.summary.customer_id, *c) for c in confirmed_row.timeline]
        assert [item.change for item in items if isinstance(item, Announced)] == expected
        assert await take(confirmed) == items[1:]


async def test_a_feed_that_was_trimmed_past_us_makes_subscribers_look_again(
    changes: Changes, projected: Projected, redis: Redis
) -> None:
    row = order_row(make_id("ord", 3), make_id("cus", 3))
    start = await projected.watermark(3)
    await changes.reached(Token.at(start, (3,)), PATIENCE)
    async with changes.subscribe((3,), row.summary.id) as subscription, redis.pipeline() as step:
        # In one moment, as if we had not looked for long: announced, and gone again below the newest entry.
        end = beyond(start)
        step.xadd(feed_key(3), {CHANGE: ""}, id=str(end))
        step.xtrim(feed_key(3), minid=str(end), approximate=False)
        step.hset(projected_key(3), "position", str(end))
        await step.execute()
        assert await take(subscription) == [Resync(3)]
        await changes.reached(Token.at(end, (3,)), PATIENCE)


async def test_a_position_that_moved_without_the_feed_makes_subscribers_look_again(
    changes: Changes, projected: Projected, redis: Redis
) -> None:
    start = await projected.watermark(3)
    await changes.reached(Token.at(start, (3,)), PATIENCE)
    async with changes.subscribe((3,), lambda _: True) as subscription:
        await redis.hset(projected_key(3), "position", str(beyond(start)))
        assert await take(subscription) == [Resync(3)]
        assert changes.position(3) == beyond(start)


async def test_a_feed_that_goes_on_as_it_should_makes_nobody_look_again(
    changes: Changes, projected: Projected, redis: Redis
) -> None:
    start = await projected.watermark(3)
    await changes.reached(Token.at(start, (3,)), PATIENCE)
    row = order_row(make_id("ord", 3), make_id("cus", 3))
    async with changes.subscribe((3,), lambda _: True) as subscription:
        for _ in range(5):
            position = await projected.watermark(3)
            await redis.xtrim(feed_key(3), maxlen=2, approximate=False)
            await changes.reached(Token.at(position, (3,)), PATIENCE)
        await asyncio.sleep(0.15)  # The feed is silent for three blocks, and is compared.
        await projected.order(row, announced=True)
        assert [type(item) for item in await take(subscription)] == [Announced]


async def test_what_a_newer_projector_announces_does_not_stop_the_feed(
    changes: Changes, projected: Projected, redis: Redis
) -> None:
    start = await projected.watermark(2)
    await redis.xadd(feed_key(2), {CHANGE: '{"novelty": 1}'}, id=str(Position(start.ms, 1)))
    await redis.xadd(feed_key(2), {"other": "x"}, id=str(Position(start.ms, 2)))
    assert await changes.reached(Token.at(Position(start.ms, 2), (2,)), PATIENCE)


async def test_who_does_not_keep_up_is_ended_and_others_are_not(changes: Changes, projected: Projected) -> None:
    row = order_row(make_id("ord", 1), make_id("cus", 1))
    await changes.reached(Token.at(await projected.watermark(1), (1,)), PATIENCE)
    async with (
        changes.subscribe((1,), row.summary.id) as slow,
        changes.subscribe((1,), row.summary.id) as quick,
    ):
        for n in range(20):
            await projected.order(row, announced=True)
            assert isinstance((await take(quick))[0], Announced), n
        with pytest.raises(SlowConsumer, match="8"):
            await take(slow)


async def test_nobody_is_kept_after_the_subscription(changes: Changes) -> None:
    async with changes.subscribe((1,), "ord_x"), changes.subscribe((1,), lambda _: True):
        pass
    assert changes._followers[1]._everyone() == []
    assert changes._followers[1]._by_id == {}


async def test_subscriptions_end_with_the_process(settings: ReadSettings, projected: Projected) -> None:
    changes = Changes(settings)
    async with changes.subscribe((0,), "ord_x") as subscription:
        async with changes.following():
            pass
        with pytest.raises(Unavailable):
            await take(subscription, 2)


async def test_followers_come_back_when_redis_does(tmp_path: Path) -> None:
    async with AsyncExitStack() as following:
        async with embedded.redis(tmp_path / "redis") as url, Redis.from_url(url, decode_responses=True) as redis:
            projected = Projected(redis)
            await projected.complete()
            changes = Changes(settings_for(url))
            await following.enter_async_context(changes.following())
            await changes.reached(Token.at(await projected.watermark(2), (2,)), PATIENCE)
        async with embedded.redis(tmp_path / "redis") as again, Redis.from_url(again, decode_responses=True) as redis:
            assert again == url
            projected.redis = redis
            assert await changes.reached(Token.at(await projected.watermark(2), (2,)), PATIENCE)
