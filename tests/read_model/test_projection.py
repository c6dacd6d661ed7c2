"""How far the read model has come, and whether it is ready."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from read_model.changes import Changes
from read_model.connection import Reader
from read_model.errors import BeingPrepared, NoReply, StandsStill, WrongPartitions
from read_model.projection import COUNTED, lag_by_partition, projection_status
from read_model.schema.keys import Keys
from read_model.settings import ReadSettings
from read_model.startup import open_read_model
from tests.read_model.conftest import settings_for
from tests.read_model.patience import PATIENCE
from tests.read_model.projected import PARTITIONS, Projected
from write_model.contracts.codec import encode_time
from write_model.contracts.streams import BEGINNING, PARTITIONS_KEY, Position, Token, events_key, projected_key


async def publish(redis: Redis, partition: int, position: Position, fields: dict[Any, Any]) -> None:
    await redis.xadd(events_key(partition), fields, id=str(position))


async def server_time(redis: Redis) -> datetime:
    seconds, microseconds = await redis.time()
    return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=microseconds)


async def test_nothing_is_behind(reader: Reader, changes: Changes, projected: Projected, redis: Redis) -> None:
    positions = [await projected.watermark(p) for p in range(PARTITIONS)]
    for partition, position in enumerate(positions):
        await publish(redis, partition, position, {"type": "OrderPlaced", "at": "x"})
        await publish(redis, partition, Position(position.ms, 9), {"watermark": "1"})
        await changes.reached(Token.at(position, (partition,)), PATIENCE)
    status = await projection_status(reader, changes)
    assert status.position == Token.at(positions[0], tuple(range(PARTITIONS)))
    assert (status.lag_events, status.lag_seconds, status.parked_events) == (0, 0, 0)
    assert reader.round_trips == 1


async def test_what_is_behind_is_counted_and_its_age_told(
    reader: Reader, changes: Changes, projected: Projected, redis: Redis
) -> None:
    now = await server_time(redis)
    second = int(now.timestamp()) - 100
    taken = encode_time(datetime.fromtimestamp(second, UTC) + timedelta(seconds=0.75))
    # Demo data are placed by a clock of their own: such an event is as old as its commit.
    long_ago = encode_time(now - timedelta(days=60))
    await redis.hset(projected_key(1), "position", f"{(second - 60) * 1000}-0")
    await redis.hset(projected_key(2), "position", f"{(second - 60) * 1000}-0")
    await publish(redis, 1, Position((second - 60) * 1000, 0), {"type": "OrderPlaced", "at": taken})
    await publish(redis, 1, Position((second - 50) * 1000, 1), {"watermark": "1"})
    await publish(redis, 1, Position(second * 1000, 1), {"type": "OrderPlaced", "at": taken})
    await publish(redis, 1, Position(second * 1000, 2), {"type": "OrderPlaced", "at": taken})
    await publish(redis, 2, Position((second + 50) * 1000, 0), {"type": "OrderPlaced", "at": long_ago})
    await redis.zadd(Keys(0, 1).parked(), {"a": 0})
    await redis.zadd(Keys(3, 1).parked(), {"b": 0})
    status = await projection_status(reader, changes)
    assert (status.lag_events, status.parked_events) == (3, 2)
    age = (await server_time(redis)).timestamp() - second - 0.75
    assert age - 5 < status.lag_seconds <= age + 0.001


async def test_events_that_nobody_can_read_have_an_age_too(
    reader: Reader, changes: Changes, projected: Projected, redis: Redis
) -> None:
    second = int((await server_time(redis)).timestamp()) - 10
    await publish(redis, 1, Position(second * 1000, 0), {"type": "OrderPlaced"})
    await publish(redis, 2, Position(second * 1000, 0), {"type": "OrderPlaced", "at": "yesterday"})
    assert 10 <= (await projection_status(reader, changes)).lag_seconds < 20


async def test_no_clock_makes_an_event_younger_than_its_commit(
    reader: Reader, changes: Changes, projected: Projected, redis: Redis
) -> None:
    now = await server_time(redis)
    second = int(now.timestamp()) - 10
    ahead = encode_time(now + timedelta(days=60))
    await publish(redis, 1, Position(second * 1000, 0), {"type": "OrderPlaced", "at": ahead})
    assert 9 <= (await projection_status(reader, changes)).lag_seconds < 20


async def test_counting_is_bounded(reader: Reader, changes: Changes, projected: Projected, redis: Redis) -> None:
    async with redis.pipeline() as many:
        for n in range(COUNTED + 5):
            many.xadd(events_key(0), {"type": "OrderPlaced", "at": ""}, id=f"{2**52}-{n + 1}")
        await many.execute()
    assert (await projection_status(reader, changes)).lag_events == COUNTED


async def test_what_is_behind_is_found_behind_thousands_of_watermarks_and_between_them(
    reader: Reader, projected: Projected, redis: Redis
) -> None:
    """As while no projector works: four watermarks a second come in, and seldom an event."""
    second = int((await server_time(redis)).timestamp()) - 10_000
    streams = {0: (3 * COUNTED, 7), 1: (3 * COUNTED, 0), 2: (COUNTED, 1), 3: (0, 1)}
    async with redis.pipeline(transaction=False) as many:
        for partition, (watermarks, events) in streams.items():
            many.hset(projected_key(partition), "position", f"{second * 1000}-0")
            for n in range(watermarks):
                many.xadd(events_key(partition), {"watermark": "1"}, id=f"{second * 1000}-{n + 1}")
            for n in range(events):
                many.xadd(
                    events_key(partition), {"type": "OrderPlaced", "at": ""}, id=f"{(second + 2 * n + 1) * 1000}-0"
                )
                many.xadd(events_key(partition), {"watermark": "1"}, id=f"{(second + 2 * n + 2) * 1000}-0")
        await many.execute()
    lags = await lag_by_partition(reader)
    assert {partition: lag.events for partition, lag in lags.items()} == {0: 7, 1: 0, 2: 1, 3: 1}
    age = (await server_time(redis)).timestamp() - second - 1
    assert all(age - 5 < lag.seconds <= age + 0.001 for lag in (lags[0], lags[2], lags[3]))
    assert lags[1].seconds == 0


async def test_a_backlog_of_thousands_of_commits_is_at_least_a_thousand_and_as_old_as_its_first(
    reader: Reader, projected: Projected, redis: Redis
) -> None:
    second = int((await server_time(redis)).timestamp()) - 10_000
    async with redis.pipeline(transaction=False) as many:
        many.hset(projected_key(0), "position", f"{second * 1000}-0")
        for n in range(4 * COUNTED):
            fields: dict[Any, Any] = {"type": "OrderPlaced", "at": ""} if n % 3 else {"watermark": "1"}
            many.xadd(events_key(0), fields, id=f"{(second + n) * 1000}-1")
        await many.execute()
    lag = (await lag_by_partition(reader))[0]
    age = (await server_time(redis)).timestamp() - second - 1
    assert (lag.events, age - 5 < lag.seconds <= age + 0.001) == (COUNTED, True)


async def test_an_incomplete_partition_shows_nothing(reader: Reader, changes: Changes, projected: Projected) -> None:
    for partition in range(PARTITIONS):
        await changes.reached(Token.at(await projected.watermark(partition), (partition,)), PATIENCE)
    await projected.redis.hdel(projected_key(2), "complete")
    assert (await projection_status(reader, changes)).position.position == BEGINNING


async def test_ready_once_all_partitions_are_complete_and_move(settings: ReadSettings, projected: Projected) -> None:
    async with open_read_model(settings) as read_model:
        with pytest.raises(StandsStill, match="0, 1, 2, 3"):
            await read_model.check()
        for partition in range(PARTITIONS):
            before = Token.at(Position(1, 0), (partition,))
            await read_model.changes.reached(before, PATIENCE)
            await read_model.changes.reached(Token.at(await projected.watermark(partition), (partition,)), PATIENCE)
        await read_model.check()
        await projected.redis.hdel(projected_key(3), "complete")
        with pytest.raises(BeingPrepared):
            await read_model.check()


async def test_not_ready_with_another_number_of_partitions(settings: ReadSettings, projected: Projected) -> None:
    await projected.redis.set(PARTITIONS_KEY, PARTITIONS + 1)
    async with open_read_model(settings) as read_model:
        with pytest.raises(WrongPartitions):
            await read_model.check()


async def test_not_ready_when_a_partition_stands_still(settings: ReadSettings, projected: Projected) -> None:
    impatient = settings.model_copy(update={"silence_seconds": 0.2})
    async with open_read_model(impatient) as read_model:
        for partition in range(PARTITIONS):
            await read_model.changes.reached(Token.at(Position(1, 0), (partition,)), PATIENCE)
            await read_model.changes.reached(Token.at(await projected.watermark(partition), (partition,)), PATIENCE)
        await asyncio.sleep(0.3)
        position = await projected.watermark(0, 1, 3)
        await read_model.changes.reached(Token.at(position, (3,)), PATIENCE)
        with pytest.raises(StandsStill, match=r"0\.2 s in partitions .*2"):
            await read_model.check()


async def test_open_without_a_server_and_not_ready() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    async with open_read_model(settings_for(f"redis://127.0.0.1:{port}")) as read_model:
        with pytest.raises(NoReply):
            await read_model.check()
