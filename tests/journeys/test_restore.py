"""MongoDB is set back to a backup: once Redis is emptied, the shop is as it was then, and goes on."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from pymongo import MongoClient
from redis.asyncio import Redis

from stack.embedded import STOP_SECONDS, start_mongodb
from tests.journeys.rebuilds import orderstream
from tests.projector.contents import eventually
from tests.system import Client, running_system

ORDER = "query($id: ID!) { order(id: $id) { version status } }"


def back_up(url: str, data: Path, backup: Path) -> None:
    """A copy of the data directory, as docs/operations says to make it, while everything runs."""
    with MongoClient[dict[str, Any]](url) as client:
        client.admin.command("fsync", lock=True)
        shutil.copytree(data, backup)
        client.admin.command("fsyncUnlock")


async def shown(client: Client, id: str) -> Any:
    """The order as a query shows it; "UNAVAILABLE" where nothing can be said."""
    answer = await client.run(ORDER, id=id)
    return "UNAVAILABLE" if "errors" in answer else answer["data"]["order"]


@pytest.mark.timeout(240)
async def test_a_backup_of_mongodb_is_restored_and_redis_is_emptied() -> None:
    with TemporaryDirectory(prefix="orderstream-restore-") as name:
        directory = Path(name)
        server, mongod = await start_mongodb(directory / "mongodb", cache_gb=0.25)
        async with running_system(directory, server.url, "orderstream") as system, system.staff as staff:
            customer_id, product_id = await staff.register_customer(), await staff.add_product()
            kept = (await staff.place_order(customer_id, product_id))["id"]
            back_up(server.url, directory / "mongodb" / "db", directory / "backup" / "db")
            await staff.receipt("confirmOrder", orderId=kept)
            lost = (await staff.place_order(customer_id, product_id))["id"]
        await mongod.stop(STOP_SECONDS)

        server, mongod = await start_mongodb(directory / "backup", cache_gb=0.25)
        async with running_system(directory, server.url, "orderstream") as system, system.staff as staff:
            assert (await shown(staff, kept))["status"] == "CONFIRMED", "Redis knows what MongoDB has forgotten"
            exit_code, found = await orderstream(system, "verify")
            assert exit_code == 1
            assert {difference["what"].split(":")[0] for difference in found["differences"]} >= {
                f"{kept}@2 is not in the journal",
                f"{lost}@1 is not in the journal",
            }
            async with Redis.from_url(system.environment["REDIS_URL"]) as redis:
                await redis.flushall()

            async def is_shown_again() -> bool:
                return bool(await shown(staff, kept) == {"version": 1, "status": "PLACED"})

            await eventually(is_shown_again)
            assert await shown(staff, lost) is None
            assert (await staff.receipt("confirmOrder", orderId=kept))["version"] == 2
            new = (await staff.place_order(customer_id, product_id))["id"]
            assert await shown(staff, new) == {"version": 1, "status": "PLACED"}
        await mongod.stop(STOP_SECONDS)
