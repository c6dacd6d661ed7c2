"""A rebuild while people order, read and follow: nobody notices."""

from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from redis.asyncio import Redis

from projector import generations
from read_model.schema.keys import Keys, replaced_key
from tests.journeys.rebuilds import orderstream, under_load
from tests.projector.contents import eventually
from tests.system import System, running_system

PARTITIONS = 3


@pytest.fixture
async def system(mongodb_url: str, database: str) -> AsyncIterator[System]:
    with TemporaryDirectory(prefix="orderstream-rebuild-") as directory:
        settings = {"PARTITIONS": str(PARTITIONS), "STREAM_RETENTION_SECONDS": "0"}
        async with running_system(Path(directory), mongodb_url, database, **settings) as system:
            yield system


@pytest.mark.timeout(240)
async def test_nobody_notices_a_rebuild(system: System) -> None:
    async with under_load(system, orders=100) as load:
        await until_past(system)
        for generation in (2, 3):
            answers, placed = load.answers, len(load.placed)
            exit_code, outcome = await orderstream(system, "rebuild")
            assert (exit_code, [p["generation"] for p in outcome["partitions"]]) == (0, [generation] * PARTITIONS)
            assert load.answers > answers, "queries were answered meanwhile"
            assert len(load.placed) > placed
        exit_code, outcome = await orderstream(system, "rebuild", "--partition", "1")
        assert outcome["partitions"] == [{"partition": 1, "generation": 4, "problem": ""}]


async def until_past(system: System) -> None:
    """Until the live streams begin after the first events."""
    async with Redis.from_url(system.environment["REDIS_URL"], decode_responses=True) as redis:

        async def trimmed() -> bool:
            info = await redis.xinfo_stream("{p0}:events")
            return bool(int(info["entries-added"]) > int(info["length"]))

        await eventually(trimmed)


async def test_what_was_replaced_is_gone_afterwards(system: System) -> None:
    async with system.staff as staff, Redis.from_url(system.environment["REDIS_URL"], decode_responses=True) as redis:
        await staff.add_product()
        exit_code, _ = await orderstream(system, "rebuild", "--partition", "0")
        assert exit_code == 0
        assert await redis.keys(Keys(0, 1).all())
        due = await redis.zscore(replaced_key(0), "1")
        seconds, _ = await redis.time()
        assert due is not None
        assert seconds < due <= seconds + generations.GRACE_SECONDS
        await redis.zadd(replaced_key(0), {"1": 0})

        async def gone() -> bool:
            return not await redis.keys(Keys(0, 1).all())

        await eventually(gone)
        assert await redis.keys(Keys(0, 2).all())
