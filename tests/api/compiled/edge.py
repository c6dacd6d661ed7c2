"""The edge over a read model that has some of everything, in this process."""

import json
import math
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import httpx
from redis.asyncio import Redis

from api.auth import Authenticator, issue_token
from api.context import Services
from api.errors import Faults
from api.settings import ApiSettings
from api.view import GraphQLView
from read_model.operations import Pulse
from read_model.schema.commands import CommandRow, RefusalRow
from read_model.schema.keys import Keys
from read_model.schema.orders import AddressRow, LineRow, OrderRow, ShipmentRow
from read_model.schema.sales import day_fields
from read_model.startup import open_read_model
from tests.read_model.catalogue import Catalogue, product_added
from tests.read_model.conftest import settings_for
from tests.read_model.projected import Projected, at, customer_row, make_id, moved, order_row
from tests.read_model.test_parked import park
from write_model.contracts.codec import encode_time
from write_model.contracts.products import ProductDiscontinued, StockReserved
from write_model.contracts.streams import Position, Token, projected_key
from write_model.startup import WriteModel

SECRET: Final = "the secret that the tests of compiled queries sign with"
ODD: Final = 'Ö "quoted" \\ back\nline %s {0} \u2028 🫖'
"""What no template may stumble over."""

UNLIMITED: Final = {
    "max_depth": 1_000, "max_aliases": 10**9, "max_root_fields": 10**9, "max_directives": 10**9,
    "max_cost": 10**9, "throttle_burst": 10**9,
}  # fmt: skip
"""What is asked here is answered, however much it is."""

CURSORS: Final = {
    "order_cursor": "orders(first: 100)",
    "customer_cursor": "customers",
    "product_cursor": "products",
    "price_cursor": "products(orderBy: PRICE_LOW_TO_HIGH)",
}
"""Names of cursors, and the lists that give them."""

_NAME: Final = re.compile(r"<([a-z_]+\d*)>")


@dataclass
class Edge:
    """The endpoint, and what it can be asked about."""

    view: GraphQLView
    http: httpx.AsyncClient
    redis: Redis
    named: dict[str, str]
    """Ids, cursors and a token by the names that tests have for them."""

    def resolve(self, text: str) -> str:
        """The text with what it names as <order0>, <token> and so on."""
        return _NAME.sub(lambda found: self.named[found[1]], text)

    async def ask(self, method: str, caller: str, accept: str = "*/*", **body: Any) -> httpx.Response:
        """The answer to a request of "staff", "customer0" and so on, or "nobody"."""
        customer_id = self.named.get(caller)
        token = issue_token(SECRET, "customer" if customer_id else "staff", customer_id, 3600)
        headers = {"authorization": f"Bearer {token}"} if caller != "nobody" else {}
        headers["accept"] = accept
        body = {name: value for name, value in body.items() if value is not None}
        if method == "GET":
            params = {name: value if isinstance(value, str) else json.dumps(value) for name, value in body.items()}
            return await self.http.get("/graphql", params=params, headers=headers)
        return await self.http.post("/graphql", json=body, headers=headers)


def orders_of(slot: int, customer_id: str, name: str) -> list[OrderRow]:
    """A customer's orders in every state."""
    ids = [make_id("ord", slot, 10 * slot + second) for second in range(5)]
    rows = [order_row(id, customer_id, name=name, second=10 * slot + n) for n, id in enumerate(ids)]
    lines = (LineRow("prd_1", "SKU-1", ODD, 2, 1990, 3980), LineRow("prd_2", "SKU-2", "Tea", 1, 5, 5))
    draft = rows[0]._replace(
        summary=rows[0].summary._replace(status="DRAFT", placed_at=None, item_count=0, total=0),
        lines=(),
        timeline=(rows[0].timeline[0]._replace(status="DRAFT"),),
    )
    placed = rows[1]._replace(lines=lines, address=AddressRow(name, ODD, "London", "SW1Y", "GB"))
    shipped = moved(moved(rows[2], "CONFIRMED"), "SHIPPED")._replace(
        shipment=ShipmentRow("DHL", ODD, encode_time(at(9)))
    )
    cancelled = moved(rows[3], "CANCELLED")
    cancelled = cancelled._replace(summary=cancelled.summary._replace(cancellation_reason="FRAUD"))
    return [draft, placed, shipped, cancelled, rows[4]]


@asynccontextmanager
async def open_edge(redis_url: str, write_model: WriteModel) -> AsyncIterator[Edge]:
    """The edge; it empties Redis first. Its command side is there, and is not spoken to."""
    async with AsyncExitStack() as open:
        redis = await open.enter_async_context(Redis.from_url(redis_url, decode_responses=True))
        await redis.flushall()
        projected, catalogue = Projected(redis), Catalogue(redis)
        await projected.complete()
        people = [
            customer_row(slot, name, f"c{slot}@example.org") for slot, name in enumerate(("Ada", ODD, "Bob", "Ada"))
        ]
        people[0] = people[0]._replace(last_order_at=encode_time(at(3)), order_count=4, total_spent=123456)
        people[1] = people[1]._replace(status="DEACTIVATED")
        orders = [row for slot, person in enumerate(people) for row in orders_of(slot, person.id, person.name)]
        for person in people:
            await projected.customer(person)
        for row in orders:
            for status in ("PLACED", "CONFIRMED") if row.summary.status in ("SHIPPED", "CANCELLED") else ():
                await projected.order(
                    row._replace(summary=row.summary._replace(status=status), timeline=row.timeline[:1])
                )
            await projected.order(row)
        await projected.remove_order(orders[-1], listed=True)
        commands = [
            CommandRow(make_id("cmd", slot), 1, "placeOrder", "QUEUED", "staff:staff", encode_time(at(1)))
            for slot in range(3)
        ]
        refusals = (RefusalRow("NOT_FOUND", ODD, ("input", "lines", "0")), RefusalRow("ORDER_EMPTY", "None.", None))
        commands[1] = commands[1]._replace(
            version=2, status="REJECTED", settled_at=encode_time(at(2)), refusals=refusals
        )
        commands[2] = commands[2]._replace(
            version=2,
            status="COMMITTED",
            settled_at=encode_time(at(2)),
            result_id=orders[0].summary.id,
            result_version=3,
        )
        for command in commands:
            await projected.command(command)
        for row in orders:
            await projected.history(row)
        await park(redis, orders[4].summary.id, 1, 2, ODD)
        for field, value in zip(day_fields("2026-11-20"), (2, 5, 123456), strict=True):
            await redis.hset(Keys(1, 1).sales("EUR"), field, value)
        added = await catalogue.add_all(
            [(product_added(f"Lamp {n} {ODD}", sku=f"L-{n}", price=n), n) for n in range(1, 8)]
        )
        for id in added[:3]:
            await catalogue.change(id, StockReserved(order_id="ord_1", quantity=5))
        await catalogue.change(added[3], ProductDiscontinued())
        # What is asked here is what is answered, not how soon.
        settings = settings_for(redis_url).model_copy(update={"read_timeout_seconds": 15.0})
        api = ApiSettings.model_validate(
            {"auth_secret": SECRET, "stale_read_timeout_ms": 50, "introspection": True, **UNLIMITED}
        )
        read = await open.enter_async_context(open_read_model(settings))
        read = replace(read, pulse=Pulse(read.reader, math.inf))  # it does not change between two answers
        services = Services(
            api,
            Authenticator(api),
            write_model,
            read,
            Faults(lambda: "0"),
            lambda: datetime.now(UTC),
        )
        view = GraphQLView(services)
        transport = httpx.ASGITransport(view)
        http = await open.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://edge"))
        reached = Token.at(Position.parse(str(await redis.hget(projected_key(0), "position"))), (0,))
        await read.changes.reached(reached, 10)
        things = {
            "customer": [person.id for person in people],
            "product": added,
            "order": [row.summary.id for row in orders],
            "command": [command.id for command in commands],
        }
        named = {f"{kind}{n}": id for kind, ids in things.items() for n, id in enumerate(ids)}
        parked = f"{orders[4].summary.id}@2"
        edge = Edge(view, http, redis, {**named, "token": reached.encode(), "parked": parked})
        for name, field in CURSORS.items():
            found = (await edge.ask("POST", "staff", query=f"{{ list: {field} {{ edges {{ cursor }} }} }}")).json()
            cursors = {f"{name}{n}": edge_["cursor"] for n, edge_ in enumerate(found["data"]["list"]["edges"])}
            edge.named |= cursors
        found = (await edge.ask("POST", "staff", query="{ parkedEvents { pageInfo { endCursor } } }")).json()
        edge.named["parked_cursor"] = found["data"]["parkedEvents"]["pageInfo"]["endCursor"]
        yield edge
