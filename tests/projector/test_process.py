"""The projector as a process: started, signalled, and told too little."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from read_model.schema.keys import PROJECTORS_KEY, owner_key
from tests.faults.proxy import HOST, Proxy
from tests.projector.contents import eventually, hash_at
from tests.projector.events import CUSTOMER, envelope, publish, watermark
from write_model.contracts.customers import CustomerRegistered
from write_model.contracts.streams import projected_key


@asynccontextmanager
async def projector(**environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The process, killed at the end where it still runs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "projector"),
        env={"PATH": os.environ["PATH"], **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_projects_until_it_is_told_to_stop(redis: Redis, redis_url: str, number: signal.Signals) -> None:
    ada = envelope(CUSTOMER, 1, CustomerRegistered(name="Ada", email="ada@example.com"))
    last = await publish(redis, [ada, watermark()])

    async def projected() -> bool:
        state = await hash_at(redis, projected_key(0))
        return state.get("position") == str(last) and "complete" in state

    async with projector(REDIS_URL=redis_url, PARTITIONS="2") as process:
        await eventually(projected)
        assert await redis.exists(owner_key(0), owner_key(1)) == 2
        process.send_signal(number)
        out, log = await process.communicate()
    assert process.returncode == 0, log.decode()
    assert await redis.exists(owner_key(0), owner_key(1), PROJECTORS_KEY) == 0
    assert out == b""
    said = [json.loads(line)["message"] for line in log.decode().splitlines()]
    assert "2 partitions to share" in said[0]
    assert said[-1].endswith("stopped")
    assert "Traceback" not in log.decode()


async def test_a_missing_or_wrong_setting_is_said_in_a_line() -> None:
    async with projector(PARTITIONS="0") as process:
        _, log = await process.communicate()
    assert process.returncode == 2
    assert log.decode().splitlines() == [
        "REDIS_URL: Field required",
        "PARTITIONS: Input should be greater than or equal to 1",
    ]


async def test_a_redis_that_hangs_does_not_keep_it_from_ending(redis: Redis, redis_url: str) -> None:
    network = await Proxy.start(urlsplit(redis_url).port or 0)
    try:
        url = f"redis://{HOST}:{network.port}/0"
        async with projector(REDIS_URL=url, PARTITIONS="2", SHUTDOWN_SECONDS="1") as process:

            async def works() -> bool:
                return await redis.exists(owner_key(0), owner_key(1)) == 2

            await eventually(works)
            network.stall()
            process.send_signal(signal.SIGTERM)
            _, log = await process.communicate()
    finally:
        network.stop()
    assert process.returncode == 0
    assert "cut off" in log.decode().splitlines()[-1]


async def test_it_waits_for_a_redis_that_is_not_there_and_can_be_stopped_meanwhile() -> None:
    async with projector(REDIS_URL="redis://127.0.0.1:1/0") as process:
        assert process.stderr is not None
        seen: list[str] = []
        while "waiting for Redis" not in "".join(seen):
            seen.append((await process.stderr.readline()).decode())
        process.send_signal(signal.SIGTERM)
        _, rest = await process.communicate()
    assert process.returncode == 0
    assert "Traceback" not in "".join(seen) + rest.decode()
