"""A command side over a database of its own, and a MongoDB that fails on demand."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from redis.asyncio import Redis

from stack import embedded
from tests.write_model.publication import Publication
from write_model.mongo.database import APPLICATION, Client, Database, database_of, open_client
from write_model.settings import RelaySettings
from write_model.startup import WriteModel, open_write_model


@pytest.fixture
def settings(mongodb_url: str, redis_url: str, database: str) -> RelaySettings:
    return RelaySettings(
        mongodb_url=SecretStr(mongodb_url), redis_url=SecretStr(redis_url), mongodb_database=database, partitions=4
    )


@pytest.fixture
async def write_model(settings: RelaySettings) -> AsyncIterator[WriteModel]:
    async with open_write_model(settings) as write_model:
        yield write_model


@pytest.fixture
async def client(settings: RelaySettings) -> AsyncIterator[Client]:
    client = open_client(settings)
    yield client
    client.close()


@pytest.fixture
async def stored(client: Client, settings: RelaySettings) -> Database:
    """The database itself, to look into."""
    return database_of(client, settings)


class Failing:
    """A MongoDB with failpoints, https://github.com/mongodb/mongo/wiki/The-%22failCommand%22-fail-point."""

    def __init__(self, url: str) -> None:
        self.url = url

    @contextmanager
    def fails(self, *commands: str, times: int = 1, **how: Any) -> Iterator[None]:
        """Within the block the next such commands of ours fail in the way that the failpoint's data say."""
        data = {"failCommands": commands, "appName": APPLICATION} | how
        with MongoClient[dict[str, Any]](self.url) as client:
            client.admin.command("configureFailPoint", "failCommand", mode={"times": times}, data=data)
            try:
                yield
            finally:
                client.admin.command("configureFailPoint", "failCommand", mode="off")


@pytest.fixture(scope="session")
async def failing(servers_directory: Path) -> AsyncIterator[Failing]:
    """Failpoints are there only where a mongod is started for tests."""
    server, child = await embedded.start_mongodb(servers_directory / "failing", cache_gb=0.25)
    await child.stop(embedded.STOP_SECONDS)
    server = replace(server, command=(*server.command, "--setParameter", "enableTestCommands=1"))
    child = await server.spawn()
    try:
        async with asyncio.timeout(embedded.STARTUP_SECONDS):
            while True:
                try:
                    await asyncio.to_thread(server.ready)
                    break
                except PyMongoError:
                    await asyncio.sleep(0.02)
        yield Failing(server.url)
    finally:
        await child.stop(embedded.STOP_SECONDS)


@pytest.fixture
def publication(client: Client, stored: Database, redis: Redis, settings: RelaySettings) -> Publication:
    return Publication(client, stored, redis, settings)
