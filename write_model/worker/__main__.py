"""The worker process: `python -m write_model.worker`."""

import asyncio
import logging
import signal
from contextlib import suppress

import uvloop

from write_model.mongo.database import database_of, open_client
from write_model.settings import WriteSettings
from write_model.startup import new_holder, open_write_model
from write_model.worker.worker import Worker


async def serve(settings: WriteSettings) -> None:
    """Work until cancelled."""
    client = open_client(settings)
    try:
        async with open_write_model(settings) as write_model:
            database = database_of(client, settings)
            await Worker(write_model, database, holder=new_holder(), batch=settings.commit_batch).run()
    finally:
        client.close()


async def _until_stopped() -> None:
    serving = asyncio.create_task(serve(WriteSettings()))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    with suppress(asyncio.CancelledError):
        await serving


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    uvloop.run(_until_stopped())


if __name__ == "__main__":
    main()
