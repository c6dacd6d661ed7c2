"""The relay between a MongoDB and a Redis that fail: every event once, whatever is cut, lost or restarted."""

import asyncio
import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import RedisError

from stack import embedded
from tests.write_model.conftest import Failing
from tests.write_model.publication import Publication, shop
from tests.write_model.shop import until
from write_model.contracts.envelope import Envelope
from write_model.contracts.ids import CATALOGUE_SLOT, new_id
from write_model.contracts.products import ProductAdded
from write_model.contracts.streams import BEGINNING, Position
from write_model.mongo import journal
from write_model.mongo.database import HEARTBEATS, JOURNAL, Client, Database
from write_model.relay import relay as relay_module
from write_model.relay import segments
from write_model.relay.publisher import connect
from write_model.settings import RelaySettings
from write_model.startup import WriteModel

HISTORY_LOST, CAPPED_POSITION_LOST = 286, 136


@pytest.fixture
def mongodb_url(failing: Failing) -> str:
    return failing.url


async def commit(client: Client, stored: Database, events: int, size: int) -> None:
    """One transaction with that many events, of so many bytes each."""
    now = datetime(2026, 11, 20, tzinfo=UTC)
    added = ProductAdded(sku="X", name="X", description="x" * size, category="X", price=1, currency="EUR", stock=1)
    async with await client.start_session() as session, session.start_transaction():
        documents = []
        for ordinal in range(events):
            id = new_id("prd", CATALOGUE_SLOT + ordinal % 4, now, os.urandom)
            documents.append(journal.to_document(Envelope(id, 1, ordinal, now, "cmd", "staff:sam", None, added)))
        await stored[JOURNAL].insert_many(documents, session=session)


async def check_record(stored: Database) -> None:
    """Sooner or later the segments have every event once, ascending."""

    async def all_there() -> bool:
        events = [e async for part in segments.recorded_after(stored, BEGINNING) for e in part]
        assert events == sorted(events)
        assert len({id for _, id in events}) == len(events)
        return len(events) == await stored[JOURNAL].count_documents({})

    await until(all_there)


async def test_an_oplog_that_does_not_reach_back_is_made_up_for(
    write_model: WriteModel, publication: Publication, stored: Database, client: Client, failing: Failing,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setattr(relay_module, "HEARTBEAT_SECONDS", 0.0)
    await shop(write_model)
    async with publication.relay():
        before = await publication.complete()
    await commit(client, stored, 3_000, 10)
    recorded: list[Position] = []
    async with stored[HEARTBEATS].watch() as heartbeats:
        lost: dict[str, Any] = {"errorCode": HISTORY_LOST, "namespace": f"{stored.name}.$cmd.aggregate"}
        with failing.fails("aggregate", **lost):
            async with publication.relay():
                await publication.complete()
                await shop(write_model)
                after = await publication.complete()
                await check_record(stored)
        while change := await heartbeats.try_next():
            if text := change["updateDescription"]["updatedFields"].get("recorded"):
                recorded.append(Position.parse(text))
    assert "the oplog does not reach back" in caplog.text
    for partition, entries in before.items():
        assert after[partition][: len(entries)] == entries
    assert recorded == sorted(recorded), "W never goes back"


@pytest.mark.parametrize("how", [{"errorCode": CAPPED_POSITION_LOST}, {"closeConnection": True}])
async def test_a_change_stream_that_breaks_off_is_taken_up(
    write_model: WriteModel, publication: Publication, stored: Database, failing: Failing, how: dict[str, Any]
) -> None:
    async with publication.relay():
        await shop(write_model)
        await publication.complete()
        with failing.fails("getMore", **how):
            await shop(write_model)
            await publication.complete()
        await check_record(stored)


async def test_a_transaction_of_more_than_one_batch_is_published_over_restarts(
    publication: Publication, stored: Database, client: Client
) -> None:
    await commit(client, stored, 6_000, 10)  # more than the change stream gives at once
    await commit(client, stored, 900, 20_000)  # more than one message of MongoDB holds
    for pause in (0.1, 0.2, 0.3):
        async with publication.relay():
            await asyncio.sleep(pause)
    async with publication.relay():
        await publication.complete()
        await check_record(stored)


async def test_a_failure_after_long_success_pauses_shortly(
    write_model: WriteModel, publication: Publication, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    async with publication.relay():
        for failures in range(1, 4):
            await shop(write_model, 1)
            await publication.complete()
            await redis.script_flush()

            async def seen(failures: int = failures) -> bool:
                return caplog.text.count("publication pauses") == failures

            await until(seen)
        await publication.complete()
    assert caplog.text.count("publication pauses for 0.1 s") == 3


async def test_a_redis_connection_that_is_cut_is_opened_again(
    write_model: WriteModel, publication: Publication, redis: Redis, stored: Database
) -> None:
    enough = asyncio.Event()

    async def cut() -> None:
        while not enough.is_set():
            for connection in await redis.client_list():
                if connection["cmd"] == "evalsha":
                    await redis.client_kill_filter(_id=connection["id"])
            await asyncio.sleep(0.05)

    async with publication.relay():
        cutting = asyncio.create_task(cut())
        await shop(write_model, 100)
        enough.set()
        await cutting
        await publication.complete()
        await check_record(stored)


async def test_a_redis_that_is_killed_comes_back_with_what_it_kept(
    write_model: WriteModel, client: Client, stored: Database, settings: RelaySettings, servers_directory: Path
) -> None:
    server, child = await embedded.start_redis(servers_directory / "killed")
    try:
        its = settings.model_copy(update={"redis_url": SecretStr(server.url)})
        async with connect(server.url) as redis:
            publication = Publication(client, stored, redis, its)
            async with publication.relay():
                await shop(write_model)
                before = await publication.complete()
                writing = asyncio.create_task(shop(write_model, 100))
                os.kill(child.pid, signal.SIGKILL)
                await child.wait()
                await writing
                child = await server.spawn()

                async def is_up() -> bool:
                    try:
                        return bool(await redis.ping())
                    except RedisError:
                        return False

                await until(is_up)
                after = await publication.complete()
                await check_record(stored)
        for partition, entries in before.items():
            assert after[partition][: len(entries)] == entries
    finally:
        await child.stop(embedded.STOP_SECONDS)
