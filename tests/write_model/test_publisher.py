"""The publisher on a real Redis: every entry once, at its position, and nothing over a gap."""

from typing import Any, cast

import pytest
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import ResponseError

from write_model.contracts.streams import Position, events_key, projected_key
from write_model.relay.publisher import WATERMARK_FIELDS, Entry, Hole, Publisher, Rollback


def _event(position: Position, partition: int = 0) -> Entry:
    return Entry(position, partition, {"type": "X"})


async def test_publishing_twice_adds_nothing(redis: Redis) -> None:
    publisher = Publisher(redis, 2)
    await publisher.open()
    entries = [_event(Position(1, n)) for n in range(1, 5)] + [Entry(Position(2, 0), None, WATERMARK_FIELDS)]
    await publisher.publish(entries)
    await publisher.publish(entries)
    assert await redis.xlen(events_key(0)) == 5
    assert await redis.xlen(events_key(1)) == 1


async def test_a_stream_that_ends_too_early_is_a_rollback(redis: Redis) -> None:
    publisher = Publisher(redis, 1)
    await publisher.open()
    await publisher.publish([_event(Position(1, 1))])
    await redis.delete(events_key(0))
    with pytest.raises(Rollback):
        await publisher.publish([_event(Position(1, 2))])
    assert not await redis.exists(events_key(0))


async def test_an_event_that_others_went_past_is_a_hole(redis: Redis) -> None:
    publisher = Publisher(redis, 1)
    await publisher.open()
    await publisher.publish([_event(Position(1, 1)), _event(Position(1, 5))])
    with pytest.raises(Hole):
        await publisher.publish([_event(Position(1, 3))])


async def test_a_watermark_that_comes_late_is_no_hole(redis: Redis) -> None:
    publisher = Publisher(redis, 1)
    await publisher.open()
    await publisher.publish([_event(Position(1, 1)), _event(Position(1, 5))])
    await publisher.publish([Entry(Position(1, 3), None, WATERMARK_FIELDS), _event(Position(1, 5))])
    assert await redis.xlen(events_key(0)) == 2


async def test_what_was_trimmed_is_no_hole(redis: Redis) -> None:
    publisher = Publisher(redis, 1)
    await publisher.open()
    await publisher.publish([_event(Position(1, n)) for n in range(1, 6)])
    await redis.xtrim(events_key(0), maxlen=2, approximate=False)
    await publisher.publish([_event(Position(1, n)) for n in range(1, 8)])
    assert [id for id, _ in cast(Any, await redis.xrange(events_key(0)))] == ["1-4", "1-5", "1-6", "1-7"]


async def test_a_redis_that_goes_back_while_it_is_trimmed_keeps_what_it_must_project_again(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = Publisher(redis, 1)
    await publisher.open()
    await publisher.publish([_event(Position(1, n)) for n in range(1, 501)])  # whole nodes of 100 entries go
    snapshot = await redis.dump(events_key(0))
    assert snapshot
    await redis.hset(projected_key(0), "position", "1-450")
    execute = Pipeline.execute

    async def execute_and_go_back(pipeline: Any, *args: Any, **more: Any) -> Any:
        monkeypatch.undo()  # once
        replies = await execute(pipeline, *args, **more)
        await redis.restore(events_key(0), 0, snapshot, replace=True)
        await redis.hset(projected_key(0), "position", "1-150")
        return replies

    monkeypatch.setattr(Pipeline, "execute", execute_and_go_back)
    await publisher.trim(Position(1, 500))
    assert await redis.xlen(events_key(0)) == 500
    await publisher.trim(Position(1, 500))
    first, _ = cast(Any, await redis.xrange(events_key(0), count=1))[0]
    assert Position(1, 1) < Position.parse(first) <= Position(1, 150)


async def test_a_redis_that_was_restarted_is_looked_at_afresh(redis: Redis) -> None:
    publisher = Publisher(redis, 1)
    await publisher.open()
    await redis.script_flush()
    with pytest.raises(Rollback):
        await publisher.publish([_event(Position(1, 1))])


async def test_what_is_no_stream_is_not_taken_for_an_empty_one(redis: Redis) -> None:
    await redis.set(events_key(0), "x")
    with pytest.raises(ResponseError):
        await Publisher(redis, 1).open()
