"""One edge for all tests of compiled queries."""

from collections.abc import AsyncIterator

import pytest

from tests.api.compiled.edge import Edge, open_edge
from write_model.settings import WriteSettings
from write_model.startup import open_write_model


@pytest.fixture(scope="module")
async def edge(mongodb_url: str, redis_url: str) -> AsyncIterator[Edge]:
    write = WriteSettings.model_validate({"mongodb_url": mongodb_url, "mongodb_database": "test_compiled"})
    async with open_write_model(write) as write_model, open_edge(redis_url, write_model) as edge:
        yield edge
