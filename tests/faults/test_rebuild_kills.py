"""kill -9 of everybody who has a part in a rebuild: it goes on where it stood, and comes out the same."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from read_model.schema.keys import Keys
from stack.child import Child
from tests.faults.conftest import Parts
from tests.journeys.rebuilds import forget_the_past, orderstream
from tests.projector.contents import everything
from tests.system import System
from write_model.contracts.streams import BEGINNING, Position, projected_key, rebuild_key

ORDERS = 300
PARTITIONS = 8
RATE = 25
"""Events a second: slow enough to be killed in the middle."""


@pytest.mark.timeout(240)
async def test_a_rebuild_survives_whoever_is_killed(system: tuple[System, Parts]) -> None:
    world, parts = system
    async with world.staff as staff, Redis.from_url(world.environment["REDIS_URL"], decode_responses=True) as redis:
        product_id = await staff.add_product(stock=10_000)
        for _ in range(10):
            customer_id = await staff.register_customer()
            await asyncio.gather(*(staff.place_order(customer_id, product_id) for _ in range(ORDERS // 10)))
        await forget_the_past(redis, PARTITIONS)

        async with command(world) as cli:
            for victim in ("projector", "relay") * (2 if os.environ.get("LONG") else 1):
                await until_further(redis)
                await parts.kill(victim)
            await until_further(redis)
            cli.kill()
            await cli.wait()
        await until_further(redis)
        assert await generations(redis) == [1] * PARTITIONS, "it was not over yet"
        exit_code, outcome = await orderstream(world, "rebuild", "--rate", "100000")

        assert (exit_code, [p["generation"] for p in outcome["partitions"]]) == (0, [2] * PARTITIONS)
        assert await generations(redis) == [2] * PARTITIONS
        contents = await everything(redis)
        for partition in range(PARTITIONS):
            assert rows(contents, partition, 2) == rows(contents, partition, 1)
        assert (await staff.data("{ projection { parkedEvents } }")) == {"projection": {"parkedEvents": 0}}


@asynccontextmanager
async def command(world: System) -> AsyncIterator[Child]:
    environment = {**os.environ, **world.environment}
    with world.log.open("ab") as log:
        cli = await Child.spawn(
            [sys.executable, "-m", "stack", "rebuild", "--rate", str(RATE)], environment=environment, output=log
        )
    try:
        yield cli
    finally:
        await cli.stop(10)


async def until_further(redis: Redis) -> None:
    """Until more was taken in than is now; it must not end meanwhile."""
    before = await reached(redis)
    while await reached(redis) <= before:  # noqa: ASYNC110 - another process's doing
        await asyncio.sleep(0.02)


async def reached(redis: Redis) -> Position:
    """How far the partition with the most events is."""
    position = await redis.hget(rebuild_key(0), "position")
    assert position is not None or not await redis.hexists(projected_key(0), "latest"), "it is over"
    return Position.parse(str(position or BEGINNING))


async def generations(redis: Redis) -> list[int]:
    return [int(await redis.hget(projected_key(p), "generation") or 0) for p in range(PARTITIONS)]


def rows(contents: dict[str, object], partition: int, generation: int) -> dict[str, object]:
    beginning = Keys(partition, generation).all().removesuffix("*")
    return {key.removeprefix(beginning): value for key, value in contents.items() if key.startswith(beginning)}
