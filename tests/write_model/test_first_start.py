"""The first start, by many processes at once."""

import asyncio
from contextlib import AsyncExitStack

from write_model.settings import RelaySettings
from write_model.startup import open_write_model


async def test_many_processes_may_be_the_first(settings: RelaySettings) -> None:
    for attempt in range(3):
        database = settings.model_copy(update={"mongodb_database": f"{settings.mongodb_database}_{attempt}"})
        async with AsyncExitStack() as models:
            await asyncio.gather(*(models.enter_async_context(open_write_model(database)) for _ in range(6)))
