"""One system for all journeys."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.journeys.story import Story
from tests.journeys.walk import Walk
from tests.journeys.whole_api import SCHEMA, tell
from tests.system import Client, System, running_system


@pytest.fixture(scope="package")
async def system(mongodb_url: str) -> AsyncIterator[System]:
    with TemporaryDirectory(prefix="orderstream-journeys-") as directory:
        # Its clients select all that there is.
        limits = dict.fromkeys(("MAX_COST", "THROTTLE_BURST"), "100000")
        async with running_system(Path(directory), mongodb_url, "test_journeys", **limits) as system:
            yield system


@pytest.fixture
async def staff(system: System) -> AsyncIterator[Client]:
    async with system.staff as client:
        yield client


@pytest.fixture(scope="package")
async def story(system: System) -> AsyncIterator[Story]:
    """The whole API, used once."""
    async with AsyncExitStack() as clients:
        story = Story(system, await clients.enter_async_context(system.staff), Walk(SCHEMA))
        await tell(story, clients)
        yield story
