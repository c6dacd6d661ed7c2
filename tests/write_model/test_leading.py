"""Who says that they lead: never two at once, nobody in an outage, and one of them afterwards."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from tests.faults.proxy import HOST, Proxy
from tests.write_model.conftest import Failing
from tests.write_model.publication import Publication
from tests.write_model.shop import until
from write_model.mongo.database import Client, Database
from write_model.mongo.lease import Lease
from write_model.relay import relay as relay_module
from write_model.settings import RelaySettings
from write_model.startup import WriteModel
from write_model.worker import worker as worker_module
from write_model.worker.worker import Worker

LEASE_SECONDS = 1.0
OUTAGES: list[dict[str, Any]] = [{"errorCode": 8}, {"blockConnection": True, "blockTimeMS": 3_000}]
"""Of MongoDB: it answers with errors, or not."""

Leads = Callable[[], bool]


@pytest.fixture
def mongodb_url(failing: Failing) -> str:
    return failing.url


@contextmanager
def outage(failing: Failing, how: dict[str, Any]) -> Iterator[None]:
    with failing.fails("findAndModify", times=1_000, **how):
        yield


async def until_leading(leads: list[Leads], number: int) -> None:
    """Until so many say that they lead."""

    async def so_many() -> bool:
        said = sum(one() for one in leads)
        assert said <= 1, "two at once"
        return said == number

    await until(so_many)


@asynccontextmanager
async def workers(write_model: WriteModel, stored: Database) -> AsyncIterator[list[Leads]]:
    """Two of them at work."""
    both = [Worker(write_model, stored, holder=holder, batch=1) for holder in ("one", "two")]
    stopping = asyncio.Event()
    running = [asyncio.create_task(worker.run(stopping)) for worker in both]
    try:
        yield [lambda worker=worker: worker.is_leading for worker in both]  # type: ignore[misc]
    finally:
        stopping.set()
        await asyncio.gather(*running)


@asynccontextmanager
async def relays(publication: Publication) -> AsyncIterator[list[Leads]]:
    """Two of them at work."""
    async with AsyncExitStack() as running:
        both = [await running.enter_async_context(publication.relay()) for _ in range(2)]
        yield [lambda relay=relay: relay.publication.is_ours for relay in both]  # type: ignore[misc]


async def test_a_lease_is_held_no_longer_than_until_another_can_have_it(stored: Database) -> None:
    one, two = (Lease(stored, "work", holder, seconds=0.3) for holder in ("one", "two"))
    assert not one.is_held
    assert await one.acquire()
    assert one.is_held
    while not await two.acquire():
        assert not two.is_held
    assert (one.is_held, two.is_held) == (False, True)
    assert not await one.acquire()
    await two.release()
    assert not two.is_held
    assert await one.acquire()
    assert one.is_held


@pytest.mark.parametrize("how", OUTAGES)
async def test_no_worker_leads_in_an_outage_of_mongodb_and_one_does_afterwards(
    write_model: WriteModel, stored: Database, failing: Failing, how: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "LEASE_SECONDS", LEASE_SECONDS)
    async with workers(write_model, stored) as leads:
        await until_leading(leads, 1)
        with outage(failing, how):
            await until_leading(leads, 0)
        await until_leading(leads, 1)


@pytest.mark.parametrize("how", OUTAGES)
async def test_no_relay_leads_in_an_outage_of_mongodb_and_one_does_afterwards(
    publication: Publication, failing: Failing, how: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "LEASE_SECONDS", 2 * LEASE_SECONDS)
    async with relays(publication) as leads:
        await until_leading(leads, 1)
        with outage(failing, how):
            await until_leading(leads, 0)
        await until_leading(leads, 1)


async def test_no_relay_leads_in_an_outage_of_redis_and_one_does_afterwards(
    client: Client, stored: Database, redis: Redis, settings: RelaySettings
) -> None:
    port = int(redis.connection_pool.connection_kwargs["port"])
    proxy = await Proxy.start(port)
    try:
        url = SecretStr(f"redis://{HOST}:{proxy.port}")
        through = Publication(client, stored, redis, settings.model_copy(update={"redis_url": url}))
        async with relays(through) as leads:
            await until_leading(leads, 1)
            proxy.target = 1  # where nobody listens
            proxy.cut()
            await until_leading(leads, 0)
            for _ in range(100):  # however often they try
                assert not any(one() for one in leads)
                await asyncio.sleep(0.01)
            proxy.target = port
            await until_leading(leads, 1)
    finally:
        proxy.stop()
