"""The expiry process: `python -m write_model.expiry`."""

import asyncio
from functools import partial

from write_model.expiry.expiry import run
from write_model.mongo.database import database_of, open_client
from write_model.settings import WorkerSettings
from write_model.startup import open_write_model, run_until_stopped, system_clock
from write_model.statistics import telling_statistics


async def serve(settings: WorkerSettings, stopping: asyncio.Event) -> None:
    """Expire orders until told to stop."""
    client = open_client(settings)
    try:
        async with (
            open_write_model(settings) as write_model,
            telling_statistics("expiry", settings.redis_url, write_model.sources),
        ):
            await run(write_model, database_of(client, settings), system_clock, stopping)
    finally:
        client.close()


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    settings = WorkerSettings()
    run_until_stopped("expiry", partial(serve, settings), settings.shutdown_seconds)


if __name__ == "__main__":
    main()
