"""The worker process: `python -m write_model.worker`."""

import asyncio
from functools import partial

from telemetry import metrics
from write_model.metrics import of_worker
from write_model.mongo.database import database_of, open_client
from write_model.settings import WorkerSettings
from write_model.startup import new_holder, open_write_model, run_until_stopped
from write_model.statistics import telling_statistics
from write_model.worker.worker import Worker


async def serve(settings: WorkerSettings, stopping: asyncio.Event) -> None:
    """Work until told to stop."""
    client = open_client(settings)
    try:
        async with open_write_model(settings) as write_model:
            database = database_of(client, settings)
            worker = Worker(write_model, database, holder=new_holder(), batch=settings.commit_batch)
            metrics.export(source := of_worker(lambda: worker.is_leading))
            sources = [*write_model.sources, write_model.queue_source, source]
            async with telling_statistics("worker", settings.redis_url, sources):
                await worker.run(stopping)
    finally:
        client.close()


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    settings = WorkerSettings()
    run_until_stopped("worker", partial(serve, settings), settings.shutdown_seconds)


if __name__ == "__main__":
    main()
