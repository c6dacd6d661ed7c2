"""`orderstream verify` beside a running system: silent about what is right, and exact about every kind of damage."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from pymongo import MongoClient
from redis.asyncio import Redis

from read_model.schema.history import encode_event
from read_model.schema.keys import Keys, feed_key, replaced_key
from tests.journeys.rebuilds import forget_the_past, orderstream, under_load
from tests.projector.contents import eventually, hash_at, stream_at
from tests.read_model.projected import history_entry
from tests.system import System, running_system
from write_model.contracts.streams import Position, Token, partition_of, projected_key, rebuild_key

PARTITIONS = 2


@pytest.fixture(scope="module")
async def system(mongodb_url: str) -> AsyncIterator[System]:
    with TemporaryDirectory(prefix="orderstream-verify-") as directory:
        settings = {"PARTITIONS": str(PARTITIONS), "STREAM_RETENTION_SECONDS": "0"}
        async with running_system(Path(directory), mongodb_url, "test_verify", **settings) as system:
            yield system
    with MongoClient[dict[str, Any]](mongodb_url) as client:
        client.drop_database("test_verify")


@pytest.fixture
async def redis(system: System) -> AsyncIterator[Redis]:
    async with Redis.from_url(system.environment["REDIS_URL"], decode_responses=True) as redis:
        yield redis


@dataclass(frozen=True)
class Shop:
    """A customer, a product, and orders that were placed; the keys of the generation that serves."""

    customer_id: str
    product_id: str
    orders: list[str]
    keys: Keys
    catalogue: Keys


@pytest.fixture
async def shop(system: System, redis: Redis) -> Shop:
    async with system.staff as staff:
        customer_id, product_id = await staff.register_customer(), await staff.add_product()
        orders = [(await staff.place_order(customer_id, product_id))["id"] for _ in range(6)]
        await staff.receipt("cancelOrder", orderId=orders.pop(), reason="OTHER")
        keys, catalogue = [await keys_of(redis, id) for id in (customer_id, product_id)]
        return Shop(customer_id, product_id, orders, keys, catalogue)


async def keys_of(redis: Redis, id: str) -> Keys:
    partition = partition_of(id, PARTITIONS)
    return Keys(partition, int(await redis.hget(projected_key(partition), "generation") or 0))


async def differences(system: System, *arguments: str) -> list[str]:
    """What it says, and nothing else."""
    exit_code, outcome = await orderstream(system, "verify", *arguments)
    assert exit_code == (1 if outcome["count"] else 0)
    assert len(outcome["differences"]) == min(outcome["count"], 20)
    return [f"{difference['where']}: {difference['what']}" for difference in outcome["differences"]]


async def test_what_is_right_is_right_and_nothing_is_left_behind(system: System, shop: Shop, redis: Redis) -> None:
    assert await differences(system) == []
    for partition in range(PARTITIONS):
        assert not await redis.exists(rebuild_key(partition))
        assert "held" not in await hash_at(redis, projected_key(partition))

        async def dropped(partition: int = partition) -> bool:
            return not await redis.exists(replaced_key(partition))

        await eventually(dropped)
        serves = (await hash_at(redis, projected_key(partition)))["generation"]
        left = {str(key).split(":")[1] for key in await redis.keys(f"{{p{partition}}}:[0-9]*")}
        assert left <= {serves}


@pytest.mark.timeout(240)
async def test_everything_goes_on_meanwhile(system: System) -> None:
    async with under_load(system, orders=40) as load:
        for _ in range(2):
            placed = len(load.placed)
            assert await differences(system) == []
            assert len(load.placed) > placed


async def damage(redis: Redis, shop: Shop) -> dict[str, str]:
    """Everything that can be wrong with a read model, once each; what is to be said of it, by key."""
    keys, listed, sold = shop.keys, shop.keys.orders(status="PLACED"), shop.keys.sales("EUR")
    rows = [keys.order(id) for id in shop.orders]

    summary = (await hash_at(redis, rows[0]))["summary"]
    await redis.hset(rows[0], "summary", summary.replace('"PLACED"', '"SHIPPED"'))
    await redis.hdel(rows[1], "lines")
    await redis.copy(rows[2], keys.order("ord_nobody"))
    await redis.delete(rows[2])
    await redis.zrem(listed, shop.orders[3])
    await redis.zadd(keys.orders(), {"ord_zzz": 0})
    await redis.zadd(keys.customers(), {"nobody": 7})
    counter = next(field for field in await hash_at(redis, sold) if field.endswith(":orders"))
    counted = await redis.hincrby(sold, counter, 1)
    await redis.sadd(shop.catalogue.products_with("active"), 9)
    await redis.setrange(shop.catalogue.product_labels("price"), 0, "~")
    history, entry = keys.order_history(shop.orders[3]), history_entry(1, shop.customer_id)
    await redis.execute_command("LSET", history, 0, encode_event(Position(1, 1), entry, shop.customer_id))  # type: ignore[no-untyped-call]
    parked = keys.all().replace("*", "parked")
    await redis.zadd(parked, {shop.orders[4]: 0})
    return {
        rows[0]: 'status is "SHIPPED", the journal says "PLACED"',
        rows[1]: "field lines is missing",
        rows[2]: "it is missing",
        keys.order("ord_nobody"): "it should not be there",
        listed: f"member {shop.orders[3]} is missing, with 0",
        keys.orders(): "member ord_zzz is in it with 0, and should not be",
        keys.customers(): "member nobody is in it with 7, and should not be",
        sold: f"field {counter} is {counted}, the journal says {counted - 1}",
        shop.catalogue.products_with("active"): "number 9 is in it, and should not be",
        shop.catalogue.product_labels("price"): "it is ",
        history: "the event of version 1 is Remembered(version=1, position=Position(ms=1, seq=1), ",
        parked: "it should not be there",
    }


async def test_damage_to_the_read_model_is_named_and_a_rebuild_mends_it(
    system: System, shop: Shop, redis: Redis
) -> None:
    expected = await damage(redis, shop)
    found = dict(text.removeprefix("partition ").split(": ", 1) for text in await differences(system))
    assert found.keys() == {where(key) for key in expected}
    for key, words in expected.items():
        assert found[where(key)].startswith(words)
    await orderstream(system, "rebuild")
    assert await differences(system) == []


def where(key: str) -> str:
    """A key as it is said: "{p1}:1:orders" -> "1, orders"."""
    tag, _, rest = key.split(":", 2)
    return f"{tag.strip('{p}')}, {rest}"


async def test_a_change_that_a_feed_lacks_is_named(system: System, shop: Shop, redis: Redis) -> None:
    order, feed = shop.orders[0], feed_key(shop.keys.partition)
    async with system.staff as staff:
        await staff.receipt("confirmOrder", orderId=order)
        last = await staff.receipt("shipOrder", orderId=order, carrier="DHL", trackingNumber="1")
    entries = await stream_at(redis, feed)
    [confirmed] = [id for id, fields in entries if order in fields["change"] and '"CONFIRMED","occ' in fields["change"]]
    await redis.xdel(feed, confirmed)
    at = dict(Token.decode(last["consistencyToken"]).positions)[shop.keys.partition]
    assert await differences(system, "--partition", str(shop.keys.partition)) == [
        f"partition {shop.keys.partition}, feed: at {at} it tells of version 3 of {order}, after 1"
    ]
    await redis.delete(feed)


async def test_damage_to_stored_aggregates_is_named(system: System, shop: Shop, mongodb_url: str) -> None:
    with MongoClient[dict[str, Any]](mongodb_url) as client:
        database = client["test_verify"]
        orders = database["orders"]
        stored = orders.find_one_and_update({"_id": shop.orders[0]}, {"$set": {"total": 1}})
        assert stored is not None
        found = await differences(system)
        assert found == [f"{shop.orders[0]}: total is stored as 1, the journal says {stored['total']}"]
        orders.replace_one({"_id": shop.orders[0]}, stored)

        orders.delete_one({"_id": shop.orders[0]})
        assert await differences(system) == [f"{shop.orders[0]}: the journal has its history, but nothing is stored"]
        orders.insert_one({**stored, "_id": "ord_nobody"})
        orders.insert_one(stored)
        assert await differences(system) == ["ord_nobody: it is stored, but the journal has nothing of it"]
        orders.delete_one({"_id": "ord_nobody"})


def recorded_upto(client: MongoClient[dict[str, Any]]) -> tuple[int, int]:
    """The cluster time up to which everything published is recorded."""
    heartbeat = client["test_verify"]["heartbeats"].find_one({})
    assert heartbeat
    return Position.parse(heartbeat["recorded"]).cluster_time


async def test_a_hole_in_the_journal_is_named_by_all_who_need_it(
    system: System, shop: Shop, redis: Redis, mongodb_url: str
) -> None:
    """The last test of the file: the journal is not made good again."""
    await forget_the_past(redis, PARTITIONS)
    with MongoClient[dict[str, Any]](mongodb_url) as client:
        journal = client["test_verify"]["journal"]
        with client.start_session() as session:
            journal.delete_one({"_id": f"{shop.product_id}@2"}, session=session)
            hole = session.operation_time
        assert hole
        count = journal.count_documents({})
        # The record is compared as of the moment up to which it is complete.
        while recorded_upto(client) <= (hole.time, hole.inc):  # noqa: ASYNC110 - another process's doing
            await asyncio.sleep(0.05)
    problem = f"the journal lacks {shop.product_id}@2, which was published"
    assert set(await differences(system)) == {
        f"{shop.product_id}: the journal has version 3 after 1",
        f"the record of what was published: {count:,} events are in the journal, it has {count + 1:,}",
        f"partition {shop.catalogue.partition}: it was not compared to the end: {problem}",
    }
    exit_code, outcome = await orderstream(system, "rebuild")
    problems = {made["partition"]: made["problem"] for made in outcome["partitions"]}
    assert exit_code == 1
    assert problems == {0: problem, 1: ""}
