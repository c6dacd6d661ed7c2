"""Events going by: seen by those who watch, soon after they are shown."""

import asyncio
import time
from datetime import datetime
from typing import Final

from redis.asyncio import Redis

from read_model import passing
from read_model.changes import Changes
from read_model.connection import Reader
from read_model.passing import AT_ONCE, SHOWN, Passed, Passing, Seen, Watcher
from read_model.schema.changes import CHANGE
from read_model.schema.keys import feed_key
from tests.read_model.patience import PATIENCE
from tests.read_model.projected import Projected
from write_model.contracts.streams import Position, Token, events_key, projected_key

AT: Final = "2026-11-20T09:30:00.000Z"
EVENTS_AT: Final = datetime.fromisoformat(AT).timestamp()


def anything(_: Passed) -> bool:
    return True


async def seen(watcher: Watcher) -> Seen:
    async with asyncio.timeout(PATIENCE):
        return await anext(watcher)


async def show(redis: Redis, partition: int, positions: list[Position], at: str = AT) -> None:
    """Publish events, and show them: the feed says so once, of the last."""
    async with redis.pipeline() as step:
        for position in positions:
            step.xadd(events_key(partition), {"type": f"T{position.seq}", "aggregate": "x", "at": at}, id=str(position))
        step.xadd(events_key(partition), {"watermark": ""}, id=str(positions[-1]._replace(seq=2**20)))
        step.xadd(feed_key(partition), {CHANGE: ""}, id=str(positions[-1]))
        step.hset(projected_key(partition), "position", str(positions[-1]))
        await step.execute()


def positions(start: Position, number: int) -> list[Position]:
    return [Position(start.ms + 1_000, seq) for seq in range(1, number + 1)]


async def following(changes: Changes, projected: Projected, partition: int) -> Position:
    """Until the process knows where the partition is."""
    start = await projected.watermark(partition)
    await changes.reached(Token.at(start, (partition,)), PATIENCE)
    return start


async def test_what_becomes_visible_is_seen_in_order_with_how_long_it_took(
    reader: Reader, changes: Changes, projected: Projected, redis: Redis
) -> None:
    start = await following(changes, projected, 1)
    async with Passing(reader, changes, lambda: EVENTS_AT + 2.5).watch(anything) as watcher:
        await show(redis, 1, positions(start, 3))
        events, has_gaps = await seen(watcher)
    assert [(event.partition, event.entry["type"]) for event in events] == [(1, "T1"), (1, "T2"), (1, "T3")]
    assert {event.seconds for event in events} == {2.5}
    assert not has_gaps


async def test_each_sees_what_they_want(reader: Reader, changes: Changes, projected: Projected, redis: Redis) -> None:
    start, shown = await following(changes, projected, 1), Passing(reader, changes, time.time)
    async with shown.watch(anything) as one, shown.watch(lambda event: event.entry["type"] == "T2") as other:
        await show(redis, 1, positions(start, 3), at="once")
        assert [event.entry["type"] for event in (await seen(one)).events] == ["T1", "T2", "T3"]
        [event] = (await seen(other)).events
        assert (event.entry["type"], event.seconds) == ("T2", None)


async def test_in_a_hurry_the_latest_are_seen_and_it_is_said(
    reader: Reader, changes: Changes, projected: Projected, redis: Redis
) -> None:
    start = await following(changes, projected, 1)
    async with Passing(reader, changes, time.time).watch(anything) as watcher:
        await show(redis, 1, positions(start, AT_ONCE + 20))
        events, has_gaps = await seen(watcher)
    assert [event.position.seq for event in events] == list(range(21, AT_ONCE + 21))
    assert has_gaps


def test_who_is_slow_sees_the_latest() -> None:
    watcher = Watcher(anything)
    for number in range(SHOWN + 5):
        watcher.offer([Passed(0, Position(1, number), {}, 0.0, None)], has_gaps=False)
    assert [event.position.seq for event in watcher._events] == list(range(5, SHOWN + 5))
    assert watcher._has_gaps


async def test_while_nobody_watches_nothing_is_read(
    reader: Reader, changes: Changes, projected: Projected, redis: Redis
) -> None:
    start, shown = await following(changes, projected, 1), Passing(reader, changes, time.time)
    async with shown.watch(anything):
        pass
    before = reader.round_trips
    await show(redis, 1, positions(start, 1))
    await changes.reached(Token.at(positions(start, 1)[-1], (1,)), PATIENCE)
    await asyncio.sleep(2 * passing.LOOK_SECONDS)
    assert (reader.round_trips, changes.moved) == (before, None)
