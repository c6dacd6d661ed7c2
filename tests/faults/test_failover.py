"""MongoDB loses its primary by kill -9 during load: a receipt is durable, and a key finds out what was in doubt."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from stack import embedded
from tests.faults import checks
from tests.faults.clients import Client, client, placement
from tests.faults.conftest import wait_until_answers
from tests.faults.evidence import Evidence, collect
from tests.faults.history import History, Intent, Outcome
from tests.faults.load import price
from tests.faults.processes import Process
from tests.faults.redis_server import RedisServer, redis_server
from tests.faults.replica_set import ReplicaSet, replica_set
from tests.ports import free_port
from tests.system import SECRET

DATABASE = "orderstream"
CLIENTS = 6
FAILOVERS = 2


class Shop:
    """One API over a replica set, and clients that order from it until they are told to stop."""

    def __init__(self, mongodb: ReplicaSet, redis: RedisServer, clients: list[Client], history: History) -> None:
        self.mongodb = mongodb
        self.redis = redis
        self.clients = clients
        self.history = history
        self.stopping = asyncio.Event()

    async def order(self, client: Client, customer_id: str, product_id: str) -> None:
        while not self.stopping.is_set():
            await client.do("placeOrder", **placement(customer_id, [(product_id, 1)]))
            await client.do("restockProduct", productId=product_id, quantity=1)

    async def more_receipts(self, number: int) -> None:
        """Wait until the clients got so many more."""
        enough = self.history.settled + number
        while self.history.settled < enough:  # noqa: ASYNC110 - by progress
            await asyncio.sleep(0.05)

    async def evidence(self) -> Evidence:
        def read() -> Evidence:
            with self.redis.client() as redis:
                return collect(self.mongodb.url, DATABASE, redis, {})

        return await asyncio.to_thread(read)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with AsyncExitStack() as running:
        directory = Path(running.enter_context(TemporaryDirectory(prefix="orderstream-failover-")))
        mongodb = await running.enter_async_context(replica_set(directory))
        redis = await running.enter_async_context(redis_server(directory / "redis"))
        port, history = free_port(), History()
        environment = {
            "MONGODB_URL": mongodb.url,
            "MONGODB_DATABASE": DATABASE,
            "REDIS_URL": redis.url,
            "AUTH_SECRET": SECRET,
            "THROTTLE_RATE": "0",  # all load comes from a client or two
            "PORT": str(port),
            "SHUTDOWN_NOTICE_SECONDS": "0",
        }
        api = Process("api 1", environment, directory / "log", directory / "clock")
        running.push_async_callback(api.stop)
        urls = [f"http://{embedded.HOST}:{port}"]
        await wait_until_answers(urls[0])
        names = [f"client-{n}" for n in range(CLIENTS)]
        # Nothing is projected here: there is nothing to read back.
        clients = [await running.enter_async_context(client(name, urls, history, 1, read_back=0)) for name in names]
        yield Shop(mongodb, redis, clients, history)


async def trade(shop: Shop, tasks: asyncio.TaskGroup) -> None:
    """All clients begin to order the same product."""
    added = await shop.clients[0].do(
        "addProduct", sku="TEA", name="Tea", category="Tea", price=price(450), initialStock=50
    )
    for one in shop.clients:
        registered = await one.do("registerCustomer", name=one.name, email=f"{one.name}@example.com")
        tasks.create_task(shop.order(one, registered.receipt["id"], added.receipt["id"]))


def violations(intents: list[Intent], evidence: Evidence) -> list[str]:
    return [
        *checks.versions_have_no_gap(evidence),
        *checks.what_is_stored_is_the_fold(evidence),
        *checks.every_receipt_is_kept(intents, evidence),
        *checks.no_command_is_applied_twice(intents, evidence),
        *checks.no_product_is_oversold(evidence),
    ]


@pytest.mark.timeout(240)
async def test_every_receipt_is_durable_whichever_primary_is_killed(shop: Shop) -> None:
    async with asyncio.TaskGroup() as tasks:
        await trade(shop, tasks)
        for _ in range(FAILOVERS):
            await shop.more_receipts(60)
            killed = await shop.mongodb.primary()
            await shop.mongodb.kill(killed)
            successor = await shop.mongodb.primary()
            assert successor is not killed
            await shop.more_receipts(60)
            await shop.mongodb.start(killed)
        shop.stopping.set()
    assert violations(shop.history.intents, await shop.evidence()) == []
    assert shop.history.broken == []
    assert all(intent.receipts for intent in shop.history.intents)


@pytest.mark.timeout(240)
async def test_what_was_in_doubt_is_unavailable_and_its_key_finds_the_truth(shop: Shop) -> None:
    async with asyncio.TaskGroup() as tasks:
        await trade(shop, tasks)
        await shop.more_receipts(30)
        # A primary that has lost both others can commit nothing any more, and soon is none.
        lost = Random(1).sample(shop.mongodb.members, 2)
        await asyncio.gather(*map(shop.mongodb.kill, lost))
        await asyncio.sleep(0.5)  # what a majority had acknowledged is answered by now
        settled = shop.history.settled
        while shop.history.attempts(Outcome.UNAVAILABLE) < CLIENTS:  # noqa: ASYNC110 - other processes' doing
            await asyncio.sleep(0.1)
        assert shop.history.settled == settled, "nothing is accepted that a majority does not have"
        await asyncio.gather(*map(shop.mongodb.start, lost))
        await shop.more_receipts(30)
        shop.stopping.set()
    doubtful = [intent for intent in shop.history.intents if intent.in_doubt]
    assert len(doubtful) >= CLIENTS
    assert all(intent.receipts for intent in doubtful)
    assert violations(shop.history.intents, await shop.evidence()) == []
    assert shop.history.broken == []
