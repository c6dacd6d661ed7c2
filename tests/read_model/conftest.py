"""A read model over a real Redis, filled by hand."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from read_model.changes import Changes
from read_model.connection import Reader
from read_model.multiplexed import Multiplexed, open_connection
from read_model.settings import ReadSettings
from tests.read_model.patience import PATIENCE
from tests.read_model.projected import PARTITIONS, Projected


@pytest.fixture
def settings(redis_url: str) -> ReadSettings:
    return settings_for(redis_url)


def settings_for(redis_url: str) -> ReadSettings:
    """Feeds count as silent early, so that tests need not wait."""
    return ReadSettings.model_validate(
        {"redis_url": redis_url, "partitions": PARTITIONS, "feed_block_seconds": 0.05, "subscriber_buffer": 8}
    )


def patient(url: str) -> ReadSettings:
    """For what has to work however slow the machine is."""
    return settings_for(url).model_copy(update={"read_timeout_seconds": PATIENCE})


@pytest.fixture
async def projected(redis: Redis) -> Projected:
    """What a projector has written: nothing yet, all partitions complete."""
    projected = Projected(redis)
    await projected.complete()
    return projected


@pytest.fixture
async def connection(settings: ReadSettings) -> AsyncIterator[Multiplexed]:
    async with open_connection(settings) as connection:
        yield connection


@pytest.fixture
def reader(connection: Multiplexed, settings: ReadSettings) -> Reader:
    return Reader(connection, settings)


@pytest.fixture
async def changes(settings: ReadSettings, projected: Projected) -> AsyncIterator[Changes]:
    changes = Changes(settings)
    async with changes.following():
        yield changes
