"""The relay on real servers: every event once, in commit order, at the same position, whatever is lost meanwhile."""

import asyncio
import os
from datetime import UTC, datetime
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.write_model.publication import Publication, shop
from tests.write_model.shop import add, addition, order, outcomes, register, until
from tests.write_model.specification import STAFF, predictable
from write_model.contracts.codec import WATERMARK, decode
from write_model.contracts.customers import CustomerDeactivated, CustomerRegistered
from write_model.contracts.envelope import Envelope
from write_model.contracts.event import Event
from write_model.contracts.ids import new_id
from write_model.contracts.orders import OrderCreated
from write_model.contracts.products import ProductRestocked
from write_model.contracts.streams import BEGINNING, Position, Token, events_key, projected_key
from write_model.mongo import journal
from write_model.mongo.database import HEARTBEATS, JOURNAL, SEGMENTS, Client, Database
from write_model.mongo.lease import Lease
from write_model.relay import relay as relay_module
from write_model.relay import replay, segments
from write_model.relay.publisher import Publisher
from write_model.relay.replay import entry_of, reconcile
from write_model.relay.segments import Overtaken
from write_model.startup import WriteModel, new_holder, system_clock


async def test_everything_is_published_once_in_order(write_model: WriteModel, publication: Publication) -> None:
    await shop(write_model)  # before the first relay ever starts
    async with publication.relay():
        await publication.complete()
        await shop(write_model)  # and while it runs
        await publication.complete()
    await shop(write_model)  # and while there is none
    async with publication.relay():
        await publication.complete()


async def test_a_token_is_the_position_of_the_commits_last_event_in_each_partition(
    write_model: WriteModel, publication: Publication
) -> None:
    async with publication.relay():

        async def follows() -> bool:
            return len(await publication.entries(0)) > 0

        await until(follows)  # what is committed before gets the position of the first look at the journal
        customer, tea = await register(write_model), await add(write_model)
        receipt = await order(write_model, customer, (tea, 1))
        found = await publication.complete()
    token = Token.decode(receipt.token)
    last = {
        partition: position
        for partition, entries in found.items()
        for position, fields in entries
        if fields["command"] == receipt.command_id
    }
    assert dict(token.positions) == last, "nobody need wait for a watermark"


async def test_a_watermark_says_that_nothing_below_is_missing(
    write_model: WriteModel, publication: Publication, stored: Database
) -> None:
    async with publication.relay():
        receipt = await write_model.dispatch(addition(), STAFF)
        bound = Token.decode(receipt.token).position

        async def passed() -> bool:
            ends = [await publication.entries(partition) for partition in range(publication.settings.partitions)]
            return all(entries and entries[-1][0] > bound and WATERMARK in entries[-1][1] for entries in ends)

        await until(passed)  # in every partition, also those in which nothing happened
        await publication.check(await publication.published())


async def test_two_relays_at_once_do_no_harm(
    write_model: WriteModel, publication: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def always(_: Lease) -> bool:
        return True

    monkeypatch.setattr(Lease, "acquire", always)
    async with publication.relay(), publication.relay(), publication.relay():
        for _ in range(4):
            await shop(write_model)
        await publication.complete()


async def test_one_works_and_another_takes_over(
    write_model: WriteModel, publication: Publication, stored: Database
) -> None:
    async def holder() -> Any:
        heartbeat = await stored[HEARTBEATS].find_one({})
        return heartbeat and heartbeat["holder"]

    async def is_working() -> bool:
        return await holder() is not None

    async with publication.relay():
        await until(is_working)
        first = await holder()
        async with publication.relay():
            await shop(write_model)
            assert await holder() == first
            await publication.complete()
    async with publication.relay():
        await shop(write_model)
        await publication.complete()
        assert await holder() != first


async def test_an_emptied_redis_is_refilled_with_the_same_positions(
    write_model: WriteModel, publication: Publication, redis: Redis
) -> None:
    async with publication.relay():
        await shop(write_model)
        before = await publication.complete()
        await redis.flushall()
        assert await publication.complete() == before
        await shop(write_model)
        await publication.complete()


async def test_a_redis_emptied_while_no_relay_ran_is_refilled(
    write_model: WriteModel, publication: Publication, redis: Redis
) -> None:
    async with publication.relay():
        await shop(write_model)
        before = await publication.complete()
    await redis.flushall()
    async with publication.relay():
        after = await publication.complete()
    assert after == before


async def test_a_stream_that_went_back_in_time_is_made_good(
    write_model: WriteModel, publication: Publication, redis: Redis
) -> None:
    key = events_key(0)
    async with publication.relay():
        customer = await register(write_model)
        tea = await add(write_model)  # the catalogue's partition is 0
        await order(write_model, customer, (tea, 1))
        await publication.complete()
        snapshot = await redis.dump(key)
        await outcomes(*(order(write_model, customer, (tea, 1)) for _ in range(20)))
        before = await publication.complete()
        # As a failover to a replica that lags: the end is gone, the beginning is there.
        assert snapshot
        await redis.restore(key, 0, snapshot, replace=True)
        assert await publication.complete() == before


async def test_a_relay_without_a_record_finds_what_is_published(
    write_model: WriteModel, publication: Publication, stored: Database, redis: Redis
) -> None:
    async with publication.relay():
        await shop(write_model)
        before = await publication.complete()
    await shop(write_model)
    # As after the loss of the oplog, with nothing recorded: the ends of the streams are all there is to go by.
    await stored[HEARTBEATS].delete_many({})
    await stored[SEGMENTS].delete_many({})
    async with publication.relay():
        after = await publication.complete()
    for partition, entries in before.items():
        assert after[partition][: len(entries)] == entries, "what was published keeps its position"
    await redis.flushall()
    async with publication.relay():
        assert await publication.complete() == after, "and what got one later keeps that"


async def test_streams_are_trimmed_below_what_is_projected(
    write_model: WriteModel, publication: Publication, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "_TRIM_SECONDS", 0.05)
    publication.settings = publication.settings.model_copy(update={"stream_retention_seconds": 0})
    async with publication.relay():
        tea, customer = await add(write_model), await register(write_model)
        for _ in range(3):  # a stream is trimmed by whole nodes of 100 entries
            await outcomes(*(order(write_model, customer, (tea, 1)) for _ in range(100)))
        found = (await publication.complete())[0]
        middle = found[len(found) // 2][0]
        # Everything is old enough, for it is recorded; only what is projected may go.
        await redis.hset(projected_key(0), "position", str(middle))

        async def trimmed() -> bool:
            return (await publication.entries(0))[0][0] > found[0][0]

        await until(trimmed)
        rest = [position for position, _ in (await publication.published())[0]]
    assert rest == [position for position, _ in found if position >= rest[0]]
    assert rest[0] <= middle


@pytest.mark.parametrize("is_recorded", [True, False])
async def test_what_another_relay_publishes_while_one_goes_without_the_oplog_is_not_lost_from_the_record(
    write_model: WriteModel, stored: Database, client: Client, redis: Redis, is_recorded: bool
) -> None:
    await add(write_model)
    await add(write_model)
    first, second = [document async for document in stored[JOURNAL].find().sort("_id", 1)]
    below, above = Position(1_000, 1), Position(10**13, 1)
    publisher = Publisher(redis, 1)
    await publisher.open()
    await publisher.publish([entry_of(below, first, 1, frozenset()), entry_of(above, second, 1, frozenset())])
    both = [(below, first["_id"]), (above, second["_id"])]
    if is_recorded:
        await segments.record(stored, both)
    w = await reconcile(client, stored, publisher, None, "one")
    assert below < w < above
    await segments.record(stored, both[1:])  # whoever follows from W
    assert [event async for part in segments.recorded_after(stored, BEGINNING) for event in part] == both


async def test_what_was_found_without_the_oplog_is_published_at_once_in_each_partition(
    stored: Database, client: Client, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step of the projector takes in all of a commit, if it is all there."""
    monkeypatch.setattr(replay, "_CHUNK", 2)
    monkeypatch.setattr(segments, "LARGEST", 3)
    now = datetime(2026, 11, 20, tzinfo=UTC)
    event = ProductRestocked(quantity=1)
    ids = [new_id("prd", n % 2, now, os.urandom) for n in range(10)]
    envelopes = [Envelope(id, 1, 0, now, "cmd", "staff:sam", None, event) for id in ids]
    await stored[JOURNAL].insert_many(map(journal.to_document, envelopes))
    publisher = Publisher(redis, 2)
    await publisher.open()
    await redis.config_resetstat()
    await reconcile(client, stored, publisher, None, "one")
    assert sum([await redis.xlen(events_key(partition)) for partition in range(2)]) == 10
    assert (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"] == 2


async def test_what_was_found_without_the_oplog_is_in_order_wherever_the_journal_has_it(
    stored: Database, client: Client, redis: Redis, publication: Publication
) -> None:
    """A member that was a secondary applied in parallel what was committed one after another."""
    now = datetime(2026, 11, 20, tzinfo=UTC)
    customer, product = (new_id(kind, 0, now, os.urandom) for kind in ("cus", "prd"))
    events: list[tuple[str, int, Event]] = [
        *((product, version, ProductRestocked(quantity=version)) for version in (3, 1, 12, 2, *range(4, 12))),
        (new_id("ord", 0, now, os.urandom), 1, OrderCreated(customer_id=customer, currency="EUR")),
        (customer, 2, CustomerDeactivated()),
        (customer, 1, CustomerRegistered(name="Ada", email="ada@example.com")),
    ]
    envelopes = [Envelope(id, version, 0, now, "cmd", "staff:sam", None, event) for id, version, event in events]
    await stored[JOURNAL].insert_many(map(journal.to_document, envelopes))
    publisher = Publisher(redis, 1)
    await publisher.open()
    await reconcile(client, stored, publisher, None, "one")
    published = [decode(fields) for _, fields in await publication.entries(0)]
    assert [one.version for one in published if one.aggregate_id == product] == list(range(1, 13))
    kinds = [type(one.event) for one in published if one.aggregate_id != product]
    assert kinds == [CustomerRegistered, CustomerDeactivated, OrderCreated]


async def test_a_relay_that_was_held_up_does_not_set_back_what_is_recorded(stored: Database) -> None:
    earlier, later = Position(1_000, 1), Position(1_000, 2)
    await segments.mark(stored, "one")
    await segments.beat(stored, None, earlier, "one")
    await segments.beat(stored, earlier, later, "two")
    with pytest.raises(Overtaken):
        await segments.beat(stored, earlier, earlier, "one")
    assert await segments.last_recorded(stored) == later


async def test_a_lease_has_one_holder(stored: Database) -> None:
    one, two = (Lease(stored, "work", name, seconds=60) for name in ("one", "two"))
    assert [await one.acquire(), await two.acquire(), await one.acquire()] == [True, False, True]
    await two.release()
    assert not await two.acquire()
    await one.release()
    assert await two.acquire()
    brief = Lease(stored, "brief", "one", seconds=0.0)
    assert await brief.acquire()
    await asyncio.sleep(0.005)
    assert await Lease(stored, "brief", "two", seconds=60).acquire()


def test_a_holders_name_is_its_own() -> None:
    assert new_holder() != new_holder()
    assert new_id("cmd", 0, system_clock(), predictable())
