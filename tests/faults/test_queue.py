"""A burst of queued commands while workers are killed: every one is settled, once, in the order of its sender."""

import asyncio
import os
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from tests.faults.conftest import Parts
from tests.system import Client, System, staff_token

SENDERS = 20
COMMANDS = 500 if os.environ.get("LONG") else 60
"""Of each sender, one after another; LONG=1 makes it ten thousand in all."""
AT_ONCE = 20
"""In one request, which runs its mutations in order."""
KILLS = 6


def request(product: str, numbers: range) -> dict[str, Any]:
    """Price changes to these numbers; every tenth is in a currency that the shop does not have."""
    fields = "".join(
        f'_{n}: changeProductPrice(idempotencyKey: "{product}-{n}", input: {{productId: "{product}", price: '
        f'{{amount: "{n}.00", currencyCode: "{"USD" if n % 10 == 0 else "EUR"}"}}}}) {{ queued {{ commandId }} }} '
        for n in numbers
    )
    return {"query": f"mutation {{ {fields} }}"}


async def insist(client: Client, body: dict[str, Any]) -> dict[str, Any]:
    """Send it until there is an answer."""
    while True:
        try:
            response = await client.http.post("/graphql", json=body, headers={"prefer": "respond-async"})
        except httpx.TransportError:
            await asyncio.sleep(0.05)
            continue
        answer = response.json()
        if "errors" not in answer:
            data: dict[str, Any] = answer["data"]
            return data
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"UNAVAILABLE"}, answer


@pytest.mark.timeout(400)
async def test_a_burst_is_settled_in_order_whatever_is_killed(system: tuple[System, Parts]) -> None:
    world, parts = system
    taken: dict[str, list[str]] = {}
    async with world.client(staff_token()) as client:
        products = [await client.add_product() for _ in range(SENDERS)]

        async def send(product: str) -> None:
            ids = taken.setdefault(product, [])
            for first in range(1, COMMANDS + 1, AT_ONCE):
                data = await insist(client, request(product, range(first, first + AT_ONCE)))
                ids += [result["queued"]["commandId"] for result in data.values()]

        async def kill() -> None:
            for n in range(1, KILLS + 1):
                while sum(map(len, taken.values())) < n * SENDERS * COMMANDS // (KILLS + 1):  # noqa: ASYNC110 - by progress
                    await asyncio.sleep(0.01)
                await parts.kill(f"worker {n % 2 + 1}")

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(kill())
            for product in products:
                tasks.create_task(send(product))
        ids = [id for sent in taken.values() for id in sent]
        assert len(set(ids)) == SENDERS * COMMANDS

        await until_settled(world)
        statuses = await statuses_of(client, ids)
        for product, sent in taken.items():
            expected = ["REJECTED" if n % 10 == 0 else "COMMITTED" for n in range(1, COMMANDS + 1)]
            assert [statuses[id] for id in sent] == expected, product
    for product in products:
        prices = [n * 100 for n in range(1, COMMANDS + 1) if n % 10]
        assert prices_of(world, product) == prices, "in the order in which they were sent"


async def until_settled(world: System) -> None:
    with MongoClient[dict[str, Any]](world.environment["MONGODB_URL"]) as mongodb:
        queue = mongodb[world.environment["MONGODB_DATABASE"]]["commands"]
        while queue.count_documents({"status": "QUEUED"}):  # noqa: ASYNC110 - other processes' doing
            await asyncio.sleep(0.1)


async def statuses_of(client: Client, ids: list[str]) -> dict[str, str]:
    """By id, as the query tells it; the last ones may be on their way."""
    found: dict[str, str] = {}
    for start in range(0, len(ids), 50):
        some = ids[start : start + 50]
        query = "{" + " ".join(f'_{n}: command(id: "{id}") {{ status }}' for n, id in enumerate(some)) + "}"
        while True:
            answer = await client.run(query)
            if "errors" not in answer and all(c["status"] != "QUEUED" for c in answer["data"].values()):
                break
            await asyncio.sleep(0.1)
        found |= {id: answer["data"][f"_{n}"]["status"] for n, id in enumerate(some)}
    return found


def prices_of(world: System, product: str) -> list[int]:
    """Every price that the product has had since it was added, from the journal."""
    with MongoClient[dict[str, Any]](world.environment["MONGODB_URL"]) as mongodb:
        journal = mongodb[world.environment["MONGODB_DATABASE"]]["journal"]
        changes = journal.find({"aggregate_id": product, "type": "ProductPriceChanged"}).sort("version", 1)
        return [change["data"]["price"] for change in changes]
