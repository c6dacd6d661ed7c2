"""The relay process: `python -m write_model.relay`."""

import asyncio
import logging
import random
import signal
from contextlib import suppress

import uvloop

from write_model.commands import AGGREGATES
from write_model.mongo.database import database_of, open_client
from write_model.mongo.indexes import ensure_indexes
from write_model.mongo.terms import settle_terms
from write_model.relay.publisher import connect
from write_model.relay.relay import Relay
from write_model.settings import RelaySettings
from write_model.startup import new_holder


async def serve(settings: RelaySettings) -> None:
    """Publish until cancelled."""
    client = open_client(settings)
    redis = connect(settings.redis_url.get_secret_value())
    try:
        database = database_of(client, settings)
        relay = Relay(client, database, redis, settings, holder=new_holder(), jitter=random.random)
        await ensure_indexes(database, AGGREGATES)
        await settle_terms(database, settings)
        await relay.run()
    finally:
        await redis.aclose()
        client.close()


async def _until_stopped() -> None:
    serving = asyncio.create_task(serve(RelaySettings()))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    with suppress(asyncio.CancelledError):
        await serving


def main() -> None:
    """Run the relay until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    uvloop.run(_until_stopped())


if __name__ == "__main__":
    main()
