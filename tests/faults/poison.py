"""Poison: an order whose events cannot be projected is parked, and an operator discards the event or mends the row.

The order is the operator's own. What came of it must be shown like everything else in the end, without the one event
that was discarded.
"""

import asyncio
from typing import Any

from pymongo import MongoClient, WriteConcern
from pymongo.client_session import ClientSession
from redis import Redis

from read_model.schema.keys import Keys
from read_model.schema.parked import queue_of
from tests.faults.clients import placement
from tests.faults.evidence import PARTITIONS, POISON
from tests.faults.load import price
from tests.faults.operators import PATIENCE_SECONDS, Operator
from tests.faults.stage import DATABASE
from write_model.contracts.streams import BEGINNING, partition_of, projected_key

_GARBAGE = "garbage"

# KEYS: a row, its partition's checkpoint. ARGV: what its summary is to be, what it must be now or ''. Answers what it
# was. The checkpoint is another's from then on, or a projector would go on from the row that it remembers.
_SET = """
local was = redis.call('HGET', KEYS[1], 'summary')
if was and (ARGV[2] == '' or ARGV[2] == was) then redis.call('HSET', KEYS[1], 'summary', ARGV[1]) end
redis.call('HSET', KEYS[2], 'step', "another's")
return was
"""


async def discard_poison(operator: Operator, redis_is_safe: asyncio.Lock) -> None:
    """An event that no projection takes, of an order that goes on; it is given up while Redis loses nothing.

    Late changes are announced where the projection stands: who has not heard of one when Redis is lost, never does.
    """
    order_id = await _place(operator)
    version = await _commit_poison(operator, order_id)
    await _advance(operator, order_id)
    await operator.until(f"parked: {order_id}", lambda: _is_parked(operator, order_id))
    async with redis_is_safe:
        await operator.insist("parked", "discard", f"{order_id}@{version}", "--yes", "--why", "poison")
        await _until_heard(operator, order_id)


async def retry_poison(operator: Operator, redis_is_safe: asyncio.Lock) -> None:
    """A row that cannot be read: its order's events are parked, the row is mended, and they are taken in again."""
    async with redis_is_safe:  # nobody may bring the damage back
        order_id = await _place(operator)
        await operator.until(f"shown: {order_id}", lambda: _summary(operator, order_id) is not None)
        row, summary = await asyncio.to_thread(_damage, operator, order_id)
        await _advance(operator, order_id)
        await operator.until(
            f"parked: {order_id}",
            # A rebuild may have made another row meanwhile.
            lambda: _is_parked(operator, order_id) or _summary(operator, order_id) != _GARBAGE,
        )
        with operator.stage.redis.client() as redis:
            await asyncio.to_thread(redis.eval, _SET, 2, row, _checkpoint(order_id), summary, _GARBAGE)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await asyncio.to_thread(_is_parked, operator, order_id):
                await operator.run("parked", "retry", order_id)
        await _until_heard(operator, order_id)


async def _place(operator: Operator) -> str:
    """An order that can be confirmed, of a customer and a product of its own."""
    do, number = operator.client.do, len(operator.client.history.intents)
    name = f"poisoned-{number}"
    customer = await do("registerCustomer", name=name, email=f"{name}@example.com")
    product = await do("addProduct", sku=name.upper(), name=name, category="Poison", price=price(100), initialStock=1)
    placed = await do("placeOrder", **placement(customer.receipt["id"], [(product.receipt["id"], 1)]))
    return str(placed.receipt["id"])


async def _advance(operator: Operator, order_id: str) -> None:
    """Later events of the order; where it took so long that it expired, that is one."""
    confirmed = await operator.client.do("confirmOrder", orderId=order_id)
    if confirmed.receipts:
        await operator.client.do("shipOrder", orderId=order_id, carrier="Slow Post", trackingNumber="1")


async def _commit_poison(operator: Operator, order_id: str) -> int:
    """The order is placed a second time, which the aggregate folds and no projection does; the version of that."""
    committed: list[int] = []

    def commit() -> bool:
        with MongoClient[dict[str, Any]](operator.stage.mongodb.url) as client, client.start_session() as session:
            majority = WriteConcern("majority")
            committed.append(session.with_transaction(lambda its: _insert(its, order_id), write_concern=majority))
        return True

    await operator.until(f"committed: poison for {order_id}", commit)
    return committed[-1]


def _insert(session: ClientSession, order_id: str) -> int:
    database = session.client[DATABASE]
    before = database["journal"].find_one({"aggregate_id": order_id, "command_id": POISON}, session=session)
    if before:  # the first attempt was in doubt
        return int(before["version"])
    order = database["orders"].find_one({"_id": order_id}, session=session)
    placed = database["journal"].find_one({"_id": f"{order_id}@1"}, session=session)
    assert order is not None
    assert placed is not None
    version = int(order["version"]) + 1
    database["orders"].update_one({"_id": order_id}, {"$set": {"version": version}}, session=session)
    poison = {"_id": f"{order_id}@{version}", "version": version, "ordinal": 0, "command_id": POISON, "trace": None}
    database["journal"].insert_one({**placed, **poison}, session=session)
    return version


async def _until_heard(operator: Operator, order_id: str) -> None:
    def heard() -> bool:
        with MongoClient[dict[str, Any]](operator.stage.mongodb.url) as client:
            order = client[DATABASE]["orders"].find_one({"_id": order_id})
            return order is not None and operator.heard(order_id, order["version"])

    await operator.until(f"announced: {order_id}", heard)


def _damage(operator: Operator, order_id: str) -> tuple[str, str]:
    """Make the order's row unreadable; its key, and what stood there."""
    with operator.stage.redis.client() as redis:
        row = _keys(redis, order_id).order(order_id)
        return row, str(redis.eval(_SET, 2, row, _checkpoint(order_id), _GARBAGE, ""))


def _checkpoint(order_id: str) -> str:
    return projected_key(partition_of(order_id, PARTITIONS))


def _summary(operator: Operator, order_id: str) -> str | None:
    with operator.stage.redis.client() as redis:
        row: Any = redis.hgetall(_keys(redis, order_id).order(order_id))
        return str(row["summary"]) if row else None


def _is_parked(operator: Operator, order_id: str) -> bool:
    with operator.stage.redis.client() as redis:
        first, last = queue_of(order_id, BEGINNING)
        return bool(redis.zrange(_keys(redis, order_id).parked(), first, last, bylex=True))


def _keys(redis: Redis, order_id: str) -> Keys:
    partition = partition_of(order_id, PARTITIONS)
    generation: Any = redis.hget(projected_key(partition), "generation")
    return Keys(partition, int(generation or 1))
