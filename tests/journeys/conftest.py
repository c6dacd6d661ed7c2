"""One system for all journeys."""

from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.system import Client, System, running_system


@pytest.fixture(scope="package")
async def system(mongodb_url: str) -> AsyncIterator[System]:
    with TemporaryDirectory(prefix="orderstream-journeys-") as directory:
        async with running_system(Path(directory), mongodb_url, "test_journeys") as system:
            yield system


@pytest.fixture
async def staff(system: System) -> AsyncIterator[Client]:
    async with system.staff as client:
        yield client
