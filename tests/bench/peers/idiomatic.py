"""CQRS as one would write it at first: strawberry over the same rows in Redis, one await a row. PORT, REDIS_URL."""

import asyncio
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import strawberry
from redis.asyncio import Redis
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL

from read_model.pages import EVERYTHING, Cut
from read_model.schema.changes import CHANGE, Change, OrderChanged, decode_changes
from read_model.schema.keys import Keys, feed_key
from read_model.schema.orders import OrderSummary, StatusRow, decode_lines, decode_timeline
from read_model.schema.products import ProductRow
from read_model.search import Criteria
from tests.bench.peers.contract import (
    Changes,
    Connection,
    Money,
    Order,
    OrderChange,
    OrderCustomer,
    OrderLine,
    Product,
    Query,
    serve,
)
from write_model.contracts.streams import partition_of

PARTITIONS: Final = 8
GENERATION: Final = 1
_CATALOGUE: Final = Keys(0, GENERATION)


class Rows:
    """The read model, row by row; and its feeds, followed once for all subscribers of the process."""

    def __init__(self, redis: Redis) -> None:
        self._redis: Any = redis
        self._queues: defaultdict[str, set[asyncio.Queue[OrderChanged]]] = defaultdict(set)
        self._following = asyncio.create_task(self._follow())

    async def order(self, id: str) -> Order | None:
        keys = Keys(partition_of(id, PARTITIONS), GENERATION)
        summary, lines = await self._redis.hmget(keys.order(id), ["summary", "lines"])
        return _order(OrderSummary.decode(summary), lines) if summary else None

    async def orders(self, customer_id: str, first: int) -> Connection[Order]:
        keys = Keys(partition_of(customer_id, PARTITIONS), GENERATION)
        key = keys.orders(customer_id=customer_id)
        ids = await self._redis.zrange(key, "+", "-", desc=True, bylex=True, offset=0, num=first + 1)
        total = await self._redis.zcard(key)
        found = [order for id in ids if (order := await self.order(id))]
        return Connection.of(found, first, total)

    async def products(self, search: str, first: int) -> Connection[Product]:
        cut = Cut(EVERYTHING, descending=False, downward=False, limit=first + 1, outside=(None, None))
        total, _, ids, _ = await self._redis.execute_command(*Criteria(search).command(_CATALOGUE, "name", cut))
        found = [_product(await self._redis.hget(_CATALOGUE.product(id), "summary")) for id in ids]
        return Connection.of(found, first, total)

    async def timeline(self, id: str) -> Sequence[StatusRow]:
        keys = Keys(partition_of(id, PARTITIONS), GENERATION)
        return decode_timeline(await self._redis.hget(keys.order(id), "timeline") or "")

    @contextmanager
    def changes(self, id: str = "") -> Iterator[asyncio.Queue[OrderChanged]]:
        """The changes of an order, or of all, from now on."""
        queue: asyncio.Queue[OrderChanged] = asyncio.Queue()
        self._queues[id].add(queue)
        try:
            yield queue
        finally:
            self._queues[id].discard(queue)

    async def _follow(self) -> None:
        after: dict[Any, Any] = {}
        for key in map(feed_key, range(PARTITIONS)):
            newest = await self._redis.xrevrange(key, count=1)
            after[key] = newest[0][0] if newest else "0"
        while True:
            for key, entries in await self._redis.xread(after, block=1000):
                after[key] = entries[-1][0]
                for _, fields in entries:
                    self._tell(decode_changes(fields[CHANGE]))

    def _tell(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if isinstance(change, OrderChanged):
                for queue in (*self._queues[""], *self._queues.get(change.order_id, ())):
                    queue.put_nowait(change)


def _order(summary: OrderSummary, lines: str) -> Order:
    currency = summary.currency
    return Order(
        id=strawberry.ID(summary.id),
        version=summary.version,
        status=summary.status,
        item_count=summary.item_count,
        total=Money.of(summary.total, currency),
        created_at=summary.created_at,
        customer=OrderCustomer(id=strawberry.ID(summary.customer_id), name=summary.customer_name),
        lines=[
            OrderLine(
                product_id=strawberry.ID(line.product_id),
                sku=line.sku,
                name=line.name,
                quantity=line.quantity,
                unit_price=Money.of(line.unit_price, currency),
                line_total=Money.of(line.line_total, currency),
            )
            for line in decode_lines(lines)
        ],
    )


def _product(summary: str) -> Product:
    row = ProductRow.decode({"summary": summary})
    return Product(
        id=strawberry.ID(row.id),
        sku=row.sku,
        name=row.name,
        category=row.category,
        price=Money.of(row.price, row.currency),
        available=row.available,
        status=row.status,
    )


Info = strawberry.Info[dict[str, Rows], None]


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def orders_changed(self, info: Info) -> Changes:
        with info.context["source"].changes() as queue:
            while True:
                change = await queue.get()
                yield OrderChange(order_id=strawberry.ID(change.order_id), version=change.version, status=change.status)

    @strawberry.subscription
    async def order_status_changed(self, info: Info, order_id: strawberry.ID, after_version: int) -> Changes:
        rows, seen = info.context["source"], after_version
        with rows.changes(order_id) as queue:
            news: Sequence[StatusRow | OrderChanged] = await rows.timeline(order_id)
            while True:
                for change in news:
                    if change.version > seen and change.status != change.previous_status:
                        seen = change.version
                        yield OrderChange(order_id=order_id, version=change.version, status=change.status)
                news = [await queue.get()]


class App(GraphQL[Any, None]):
    """With the one connection pool of the process, made where its event loop runs."""

    _rows: Rows | None = None

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Any:
        if self._rows is None:
            self._rows = Rows(Redis.from_url(os.environ["REDIS_URL"], decode_responses=True, socket_timeout=None))
        return {"source": self._rows}


if __name__ == "__main__":
    serve(App(strawberry.Schema(query=Query, subscription=Subscription)))
