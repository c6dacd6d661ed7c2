"""Events that were given up: recorded beside the journal, and tombstones in every stream that is filled again."""

import pytest
from redis.asyncio import Redis

from tests.write_model.publication import Publication
from tests.write_model.shop import add, order, register, until
from tests.write_model.specification import STAFF
from write_model.contracts.codec import decode_tombstone
from write_model.contracts.envelope import Tombstone
from write_model.contracts.given_up import DISCARDED, discarded_key, member_of
from write_model.contracts.streams import Position, partition_of
from write_model.mongo import discarded
from write_model.mongo.database import JOURNAL, Database
from write_model.mongo.discarded import Discard, NotInJournal
from write_model.orders.confirm_order import ConfirmOrder
from write_model.startup import WriteModel, system_clock


async def confirmed_order(write_model: WriteModel) -> str:
    receipt = await order(write_model, await register(write_model), (await add(write_model), 1))
    await write_model.dispatch(ConfirmOrder(order_id=receipt.id), STAFF)
    return receipt.id


def by_sam(event_id: str, why: str = "") -> Discard:
    return Discard(event_id, "5-7", "sam", system_clock(), why)


async def test_an_event_is_given_up_once_and_for_ever(write_model: WriteModel, stored: Database) -> None:
    id = await confirmed_order(write_model)
    journal = await stored[JOURNAL].find_one({"_id": f"{id}@2"})
    first = by_sam(f"{id}@2", "made by mistake")
    assert await discarded.record(stored, first)
    assert not await discarded.record(stored, by_sam(f"{id}@2", "again"))
    assert await discarded.find(stored, f"{id}@2") == first
    assert await discarded.find(stored, "5-7") == first
    assert await discarded.discarded_ids(stored) == {f"{id}@2"}
    assert await stored[JOURNAL].find_one({"_id": f"{id}@2"}) == journal
    await discarded.withdraw(stored, f"{id}@2")
    assert await discarded.find(stored, f"{id}@2") is None


async def test_what_never_happened_cannot_be_given_up(write_model: WriteModel, stored: Database) -> None:
    with pytest.raises(NotInJournal):
        await discarded.record(stored, by_sam("ord_x@1"))
    assert await discarded.discarded_ids(stored) == frozenset()


async def test_a_relay_tells_the_projector_what_was_given_up_before_redis_went_back(
    publication: Publication, write_model: WriteModel, stored: Database, redis: Redis
) -> None:
    id = await confirmed_order(write_model)
    async with publication.relay():
        await publication.complete()
    await discarded.record(stored, by_sam(f"{id}@2"))
    key = discarded_key(partition_of(id, publication.settings.partitions))
    told = {member_of(id, Position(5, 7)): DISCARDED}

    async def is_told() -> bool:
        return await redis.hgetall(key) == told

    async with publication.relay():
        await until(is_told)
        await redis.flushall()
        await until(is_told)


async def test_a_refill_puts_a_tombstone_in_the_events_place(
    write_model: WriteModel, publication: Publication, stored: Database, redis: Redis
) -> None:
    id = await confirmed_order(write_model)
    async with publication.relay():
        before = await publication.complete()
        await discarded.record(stored, by_sam(f"{id}@2"))
        await redis.flushall()
        count = sum(map(len, before.values()))

        async def refilled() -> bool:
            return sum(map(len, (await publication.published()).values())) == count

        await until(refilled)
    after = await publication.published()
    for partition, entries in before.items():
        assert [position for position, _ in after[partition]] == [position for position, _ in entries]
        for (_, fields), (_, again) in zip(entries, after[partition], strict=True):
            if (fields["aggregate"], fields["version"]) == (id, "2"):
                assert again == {"tombstone": "OrderConfirmed", "aggregate": id, "version": "2"}
            else:
                assert again == fields


async def test_a_relay_that_comes_back_puts_tombstones_for_what_it_has_not_published_yet(
    write_model: WriteModel, publication: Publication, stored: Database
) -> None:
    async with publication.relay():
        await register(write_model)
        await publication.complete()
    id = await confirmed_order(write_model)
    await discarded.record(stored, by_sam(f"{id}@2"))
    expected = await stored[JOURNAL].count_documents({})

    async def published() -> bool:
        return sum(map(len, (await publication.published()).values())) == expected

    async with publication.relay():
        await until(published)
    entries = [fields for its in (await publication.published()).values() for _, fields in its]
    assert [decode_tombstone(fields) for fields in entries if "tombstone" in fields] == [Tombstone(id, 2)]
