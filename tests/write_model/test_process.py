"""The processes of the command side: told to stop, they finish what they are at, or are cut off."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from tests.faults.proxy import HOST, Proxy
from tests.system import process
from tests.write_model.shop import add, until
from tests.write_model.specification import STAFF
from write_model.mongo.database import HEARTBEATS, JOURNAL, LEASES, Database
from write_model.products.restock_product import RestockProduct
from write_model.queue.document import QUEUED_COMMANDS
from write_model.settings import RelaySettings
from write_model.startup import WriteModel


def environment(settings: RelaySettings) -> dict[str, str]:
    return {
        "MONGODB_URL": settings.mongodb_url.get_secret_value(),
        "MONGODB_DATABASE": settings.mongodb_database,
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "PARTITIONS": str(settings.partitions),
    }


async def test_a_worker_that_is_told_to_stop_ends_its_round_and_gives_its_lease_back(
    settings: RelaySettings, write_model: WriteModel, stored: Database, tmp_path: Path
) -> None:
    tea = await add(write_model)
    commands = stored[QUEUED_COMMANDS.collection]

    async def settled() -> int:
        return await commands.count_documents({"status": {"$ne": "QUEUED"}})

    async with process("write_model.worker", environment(settings) | {"COMMIT_BATCH": "7"}, tmp_path / "log") as child:
        await asyncio.gather(
            *(write_model.queue(RestockProduct(product_id=tea, quantity=1), STAFF) for _ in range(300))
        )

        async def has_begun() -> bool:
            return await settled() > 0

        await until(has_begun)
        child.terminate()
        assert await child.wait() == 0
    assert await stored[LEASES].count_documents({"_id": "worker"}) == 0
    assert await stored[JOURNAL].count_documents({"type": "ProductRestocked"}) == await settled()
    assert await commands.count_documents({}) == 300


@pytest.mark.parametrize(("module", "trace"), [("write_model.relay", HEARTBEATS), ("write_model.worker", LEASES)])
async def test_a_store_that_hangs_does_not_keep_it_from_ending(
    settings: RelaySettings, stored: Database, redis: Redis, tmp_path: Path, module: str, trace: str
) -> None:
    mongodb = await Proxy.start(urlsplit(settings.mongodb_url.get_secret_value()).port or 0)
    url = f"mongodb://{HOST}:{mongodb.port}/?directConnection=true"
    try:
        given = environment(settings) | {"MONGODB_URL": url, "SHUTDOWN_SECONDS": "1"}
        async with process(module, given, tmp_path / "log") as child:

            async def is_at_work() -> bool:
                return await stored[trace].count_documents({}) > 0

            await until(is_at_work)
            mongodb.stall()
            child.terminate()
            assert await child.wait() == 0
    finally:
        mongodb.stop()
    assert "cut off" in (tmp_path / "log").read_text()
