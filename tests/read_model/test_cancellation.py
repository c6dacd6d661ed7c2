"""A task that reads can be cancelled at any moment, and ends then: at once, and at the first word."""

import asyncio

from read_model.connection import Reader
from tests.read_model.projected import Projected
from write_model.contracts.streams import projected_key

TASKS = 100


async def test_a_cancelled_read_ends(reader: Reader, projected: Projected) -> None:
    await projected.watermark(0)

    async def read_for_ever() -> None:
        while True:
            await reader.fetch({0: [("HGET", projected_key(0), "position")]})

    tasks = [asyncio.create_task(read_for_ever()) for _ in range(TASKS)]
    for n, task in enumerate(tasks):
        # Each at another moment of its round trips: so many turns of the event loop after the one before.
        for _ in range(n % 7):
            await asyncio.sleep(0)
        task.cancel()
    _, still_running = await asyncio.wait(tasks, timeout=5)
    for task in still_running:
        task.cancel()
    assert not still_running
