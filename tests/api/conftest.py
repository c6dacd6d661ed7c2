"""One system for all tests of the edge: starting it takes longer than most of them."""

from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.api.connections import Served, serving
from tests.system import Client, System, running_system


@pytest.fixture(scope="package")
async def system(mongodb_url: str) -> AsyncIterator[System]:
    with TemporaryDirectory(prefix="orderstream-api-") as directory:
        settings = {"STALE_READ_TIMEOUT_MS": "1000", "GRAPHIQL": "1"}
        async with running_system(Path(directory), mongodb_url, "test_api", **settings) as system:
            yield system
        # Whatever the tests sent, nothing of it was a fault of ours.
        assert [line for line in (Path(directory) / "log").read_text().splitlines() if "ERROR" in line] == []


@pytest.fixture
async def staff(system: System) -> AsyncIterator[Client]:
    async with system.staff as client:
        yield client


@pytest.fixture
async def nobody(system: System) -> AsyncIterator[Client]:
    async with system.client(None) as client:
        yield client


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving() as it:
        yield it
