"""Writes into Redis what the projector would: rows, indexes, feed and checkpoint, a step at a time."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

from redis.asyncio import Redis

from read_model.schema.changes import CHANGE, CommandChanged, OrderChanged, encode_change, encode_changes
from read_model.schema.commands import CommandRow
from read_model.schema.customers import CustomerRow
from read_model.schema.history import encode_event
from read_model.schema.keys import Keys, feed_key
from read_model.schema.names import beginnings_of, name_member, words_of
from read_model.schema.orders import LineRow, OrderRow, OrderSummary, StatusRow
from read_model.schema.products import ProductRow
from write_model.contracts.codec import encode_time
from write_model.contracts.ids import CATALOGUE_SLOT, Kind, new_id
from write_model.contracts.streams import Position, partition_of, projected_key

PARTITIONS: Final = 4
START: Final = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)

_numbers = count(1)


def at(second: float) -> datetime:
    """The moment so many seconds after the tests' beginning of time."""
    return START + timedelta(seconds=second)


def make_id(kind: Kind, slot: int, second: float = 0) -> str:
    """An id of its own, made in that second."""
    return new_id(kind, slot, at(second), lambda n: next(_numbers).to_bytes(n, "big"))


def order_row(id: str, customer_id: str, status: str = "PLACED", *, name: str = "Ada", second: float = 0) -> OrderRow:
    """A placed order with one line."""
    moment = encode_time(at(second))
    return OrderRow(
        summary=OrderSummary(id, 1, status, customer_id, name, 2, 3980, "EUR", None, moment, moment, moment),
        lines=(LineRow("prd_1", "SKU-1", "Lamp", 2, 1990, 3980),),
        address=None,
        shipment=None,
        timeline=(StatusRow(1, None, status, moment),),
    )


def product_row(name: str) -> ProductRow:
    """A product of that name."""
    id = make_id("prd", CATALOGUE_SLOT)
    return ProductRow(id, 1, "SKU-1", name, "", "Light", 1990, "EUR", 5, "ACTIVE", encode_time(START), 0, 0)


def customer_row(slot: int, name: str = "Ada", email: str = "ada@example.org") -> CustomerRow:
    """A customer without orders."""
    return CustomerRow(make_id("cus", slot), 1, name, email, "ACTIVE", encode_time(START), 0, 0, "EUR", None)


def moved(row: OrderRow, status: str) -> OrderRow:
    """The order after its next event."""
    before = row.summary
    version = before.version + 1
    return row._replace(
        summary=before._replace(version=version, status=status),
        timeline=(*row.timeline, StatusRow(version, before.status, status, before.updated_at)),
    )


def history_entry(version: int, customer_id: str) -> dict[str, str]:
    """The stream entry of some event of an order."""
    context = {"at": encode_time(at(version)), "command": f"cmd_{version}", "actor": "staff:ada", "trace": ""}
    data = json.dumps({"customer_id": customer_id, "note": 'a "note"\n'})
    return {"type": "OrderPlaced", "schema": "2", "version": str(version), **context, "data": data}


class Projected:
    """The read model as a projector leaves it; every write is one step of one partition."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.generation = 1
        self._ms = int(START.timestamp() * 1000)

    async def complete(self) -> None:
        """Every partition is complete and shows the same position."""
        for partition in range(PARTITIONS):
            await self.redis.hset(
                projected_key(partition), mapping={"generation": self.generation, "complete": 1, "position": "1-0"}
            )
            await self.watermark(partition)

    async def order(self, *rows: OrderRow, announced: bool = False) -> None:
        """Orders of one partition in their lists, each announced by its last status change."""
        partition = partition_of(rows[0].summary.id, PARTITIONS)
        keys = Keys(partition, self.generation)
        async with self.redis.pipeline() as step:
            changes = []
            for row in rows:
                order, last = row.summary, row.timeline[-1]
                step.hset(keys.order(order.id), mapping=_fields(row.encode()))
                for customer_id in (None, order.customer_id):
                    if last.previous_status:
                        step.zrem(keys.orders(customer_id=customer_id, status=last.previous_status), order.id)
                    for status in (None, order.status):
                        step.zadd(keys.orders(customer_id=customer_id, status=status), {order.id: 0})
                if announced:
                    changes.append(OrderChanged(order.id, order.customer_id, *last))
            self._advance(step, partition, changes)
            await step.execute()

    async def history(self, row: OrderRow) -> None:
        """The order's events, one for each of its versions."""
        order = row.summary
        elements = [
            encode_event(Position(version, 1), history_entry(version, order.customer_id), order.customer_id)
            for version in range(1, order.version + 1)
        ]
        key = Keys(partition_of(order.id, PARTITIONS), self.generation).order_history(order.id)
        await self.redis.rpush(key, *elements)

    async def remove_order(self, row: OrderRow, *, listed: bool = False) -> None:
        """The order is gone; `listed` leaves it in its lists, as a reader in between two trips sees it."""
        order = row.summary
        keys = Keys(partition_of(order.id, PARTITIONS), self.generation)
        await self.redis.delete(keys.order(order.id))
        if not listed:
            await self.redis.zrem(keys.orders(), order.id)

    async def product(self, row: ProductRow) -> None:
        keys = Keys(CATALOGUE_SLOT % PARTITIONS, self.generation)
        await self.redis.hset(keys.product(row.id), mapping=_fields(row.encode()))

    async def customer(self, row: CustomerRow) -> None:
        keys = Keys(partition_of(row.id, PARTITIONS), self.generation)
        await self.redis.hset(keys.customer(row.id), mapping=_fields(row.encode()))
        for beginning in ("", *beginnings_of(words_of(row.name, row.email))):
            await self.redis.zadd(keys.customers(beginning), {name_member(row.name, row.id): 0})

    async def command(self, row: CommandRow) -> None:
        """A queued command, announced."""
        keys = Keys(partition_of(row.id, PARTITIONS), self.generation)
        async with self.redis.pipeline() as step:
            step.hset(keys.command(row.id), mapping=_fields(row.encode()))
            self._advance(step, keys.partition, [CommandChanged(row.id, row.version)])
            await step.execute()

    async def announce(self, *changes: OrderChanged) -> Position:
        """A step of the partition that these orders share, which says so and writes no rows; its position."""
        partition = partition_of(changes[0].order_id, PARTITIONS)
        async with self.redis.pipeline() as step:
            position = self._advance(step, partition, changes)
            await step.execute()
        return position

    async def announce_together(self, *changes: OrderChanged) -> Position:
        """A step that says all of that in one entry, as of events that were parked; its position."""
        partition = partition_of(changes[0].order_id, PARTITIONS)
        self._ms += 1000
        position = Position(self._ms, 0)
        async with self.redis.pipeline() as step:
            step.xadd(feed_key(partition), {CHANGE: encode_changes(changes)}, id=str(position))
            step.hset(projected_key(partition), "position", str(position))
            await step.execute()
        return position

    async def watermark(self, *partitions: int) -> Position:
        """The partitions have come further; that position."""
        position = Position(0, 0)
        for partition in partitions:
            async with self.redis.pipeline() as step:
                position = self._advance(step, partition, ())
                await step.execute()
        return position

    def _advance(self, step: Any, partition: int, changes: Any) -> Position:
        self._ms += 1000
        texts = [encode_change(change) for change in changes] or [b""]
        for ordinal, text in enumerate(texts):
            position = Position(self._ms, ordinal)
            step.xadd(feed_key(partition), {CHANGE: text}, id=str(position))
        step.hset(projected_key(partition), "position", str(position))
        return position


def _fields(fields: dict[str, bytes]) -> Any:
    return fields
