"""Real servers for the tests: one MongoDB replica set and one Redis for the whole run, on ports of their own."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest
from pymongo import MongoClient
from redis.asyncio import Redis
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

from stack import embedded

_numbers = count(1)


_LONGEST = [f"tests/{part}" for part in ("docs", "journeys", "faults", "browser", "stack", "telemetry", "recipes")]
"""Where few tests take long: with these at the end one worker would work on alone."""


class BySystem(LoadFileScheduling):  # type: ignore[misc]
    """The tests of a file together, as `--dist loadfile` has it, and so those of all pages: one system, one browser."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/browser" if nodeid.startswith("tests/browser/") else super()._split_scope(nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        def rank(scope: str) -> int:
            return next((n for n, part in enumerate(_LONGEST) if scope.startswith(part)), len(_LONGEST))

        self.workqueue.move_to_end(min(self.workqueue, key=rank), last=False)
        super()._assign_work_unit(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> BySystem | None:
    """Who decides which worker runs what, where there are several (pytest-xdist)."""
    return BySystem(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def servers_directory() -> Iterator[Path]:
    """Where the servers keep their data: removed afterwards, unlike pytest's own, because they are large."""
    with tempfile.TemporaryDirectory(prefix="orderstream-test-") as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
async def mongodb_url(servers_directory: Path) -> AsyncIterator[str]:
    """A MongoDB replica set."""
    async with embedded.mongodb(servers_directory / "mongodb", cache_gb=0.25) as url:
        yield url


@pytest.fixture(scope="session")
async def redis_url(servers_directory: Path) -> AsyncIterator[str]:
    """A Redis; what a test left in it is still there unless the test uses the fixture `redis`."""
    async with embedded.redis(servers_directory / "redis") as url:
        yield url


@pytest.fixture
def database(mongodb_url: str) -> Iterator[str]:
    """The name of a database that nobody else uses; dropped afterwards."""
    name = f"test_{next(_numbers)}"
    yield name
    with MongoClient[dict[str, object]](mongodb_url) as client:
        client.drop_database(name)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client of an empty Redis."""
    async with Redis.from_url(redis_url, decode_responses=True) as client:
        await client.flushall()
        yield client
