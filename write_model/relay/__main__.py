"""The relay process: `python -m write_model.relay`."""

import asyncio
import gc
import random
from functools import partial

from telemetry import metrics
from write_model.commands import AGGREGATES
from write_model.metrics import of_relay
from write_model.mongo.database import database_of, open_client
from write_model.mongo.indexes import ensure_indexes
from write_model.mongo.terms import settle_terms
from write_model.relay.publisher import connect
from write_model.relay.relay import Relay
from write_model.settings import RelaySettings
from write_model.startup import new_holder, run_until_stopped
from write_model.statistics import telling_statistics


async def serve(settings: RelaySettings, stopping: asyncio.Event) -> None:
    """Publish until told to stop."""
    client = open_client(settings)
    redis = connect(settings.redis_url.get_secret_value())
    try:
        database = database_of(client, settings)
        relay = Relay(client, database, redis, settings, holder=new_holder(), jitter=random.random)
        metrics.export(source := of_relay(lambda: relay.publication))
        await ensure_indexes(database, AGGREGATES)
        await settle_terms(database, settings)
        async with telling_statistics("relay", settings.redis_url, [source]):
            await relay.run(stopping)
    finally:
        await redis.aclose()
        client.close()


def main() -> None:
    """Run the relay until SIGTERM or SIGINT."""
    settings = RelaySettings()
    # Batches are hundreds of thousands of objects that go together: to look for circles among them is wasted time.
    gc.freeze()
    gc.set_threshold(500_000, 20, 100)
    run_until_stopped("relay", partial(serve, settings), settings.shutdown_seconds)


if __name__ == "__main__":
    main()
