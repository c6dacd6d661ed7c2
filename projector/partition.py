"""All the work on one partition: what serves is kept up to date, and a new generation made where one is wanted."""

import asyncio

from projector.consumer import Consumer
from projector.rebuild import Rebuild


class Partition:
    """The live consumer and the rebuild, until they are stopped or one of them fails."""

    def __init__(self, consumer: Consumer, rebuild: Rebuild) -> None:
        self._consumer = consumer
        self._rebuild = rebuild

    async def run(self) -> None:
        """Both at once. An outage of Redis ends neither."""
        tasks = [asyncio.create_task(self._consumer.run()), asyncio.create_task(self._rebuild.run())]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def stop(self) -> None:
        """Make `run` end, after the steps in flight."""
        self._consumer.stop()
        self._rebuild.stop()
