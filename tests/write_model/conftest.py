"""A command side over a database of its own."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from write_model.mongo.database import Client, Database, database_of, open_client
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
