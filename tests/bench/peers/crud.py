"""What the system replaces: strawberry on normalised collections, joined with `$lookup`; writes change them in place.

PORT, MONGODB_URL; with TRANSACTIONS=0 a write is a series of single updates, of which a crash may leave some undone.
"""

import os
from datetime import UTC, datetime
from typing import Any

import strawberry
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorClientSession
from pymongo import UpdateOne
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL

from tests.bench.copies import CRUD
from tests.bench.peers.contract import (
    CommandResult,
    Connection,
    Money,
    Order,
    OrderCustomer,
    OrderLine,
    PlaceOrderInput,
    Product,
    Query,
    Receipt,
    UserError,
    serve,
)
from write_model.contracts.codec import encode_time
from write_model.contracts.ids import new_id, slot_of

Document = dict[str, Any]
_JOINED: list[Document] = [
    {"$lookup": {"from": "customers", "localField": "customer_id", "foreignField": "_id", "as": "customer"}},
    {
        "$lookup": {
            "from": "order_lines",
            "localField": "_id",
            "foreignField": "order_id",
            "pipeline": [{"$sort": {"number": 1}}],
            "as": "lines",
        }
    },
]


class _Refused(Exception):
    """Something is missing, or out of stock: the code for the client."""


class Shop:
    """The collections."""

    def __init__(self, client: AsyncIOMotorClient[Document], *, transactions: bool) -> None:
        self._client = client
        self._database = client[CRUD]
        self._transactions = transactions

    async def order(self, id: str) -> Order | None:
        wanted: list[Document] = [{"$match": {"_id": id}}]
        found = await self._database["orders"].aggregate(wanted + _JOINED).to_list(1)
        return _order(found[0]) if found else None

    async def orders(self, customer_id: str, first: int) -> Connection[Order]:
        wanted = {"customer_id": customer_id}
        page: list[Document] = [{"$match": wanted}, {"$sort": {"_id": -1}}, {"$limit": first + 1}]
        found = await self._database["orders"].aggregate(page + _JOINED).to_list(None)
        total = await self._database["orders"].count_documents(wanted)
        return Connection.of([_order(document) for document in found], first, total)

    async def products(self, search: str, first: int) -> Connection[Product]:
        wanted = {"words": {"$regex": f"^{search}"}}
        found = await self._database["products"].find(wanted).sort("folded", 1).limit(first + 1).to_list(None)
        total = await self._database["products"].count_documents(wanted)
        return Connection.of([_product(document) for document in found], first, total)

    async def place_order(self, input: PlaceOrderInput) -> str:
        """The new order's id; whole or not at all in a transaction, else as far as it came."""
        if not self._transactions:
            return await self._place(input, None)
        async with await self._client.start_session() as session:

            async def place(session: AsyncIOMotorClientSession) -> str:
                return await self._place(input, session)

            return str(await session.with_transaction(place))

    async def _place(self, input: PlaceOrderInput, session: AsyncIOMotorClientSession | None) -> str:
        database, ids = self._database, [line.product_id for line in input.lines]
        customer = await database["customers"].find_one({"_id": input.customer_id}, session=session)
        found = await database["products"].find({"_id": {"$in": ids}}, session=session).to_list(None)
        products = {product["_id"]: product for product in found}
        if customer is None or len(products) < len(ids):
            raise _Refused("NOT_FOUND")
        taken = await database["products"].bulk_write(
            [
                UpdateOne(
                    {"_id": line.product_id, "available": {"$gte": line.quantity}},
                    {"$inc": {"available": -line.quantity}},
                )
                for line in input.lines
            ],
            ordered=False,
            session=session,
        )
        if taken.modified_count < len(ids):
            raise _Refused("INSUFFICIENT_STOCK")
        now = datetime.now(UTC)
        id = new_id("ord", slot_of(input.customer_id), now, os.urandom)
        lines = [
            {
                "order_id": id,
                "number": number,
                "product_id": line.product_id,
                "sku": products[line.product_id]["sku"],
                "name": products[line.product_id]["name"],
                "quantity": line.quantity,
                "unit_price": products[line.product_id]["price"],
            }
            for number, line in enumerate(input.lines)
        ]
        order = {
            "_id": id,
            "version": 1,
            "customer_id": input.customer_id,
            "status": "PLACED",
            "total": sum(line["quantity"] * line["unit_price"] for line in lines),
            "currency": "EUR",
            "created_at": now,
            "shipping_address": strawberry.asdict(input.shipping_address),
        }
        await database["orders"].insert_one(order, session=session)
        await database["order_lines"].insert_many(lines, session=session)
        return id


def _order(document: Document) -> Order:
    currency, [customer] = document["currency"], document["customer"]
    return Order(
        id=strawberry.ID(document["_id"]),
        version=document["version"],
        status=document["status"],
        item_count=sum(line["quantity"] for line in document["lines"]),
        total=Money.of(document["total"], currency),
        created_at=encode_time(document["created_at"]),
        customer=OrderCustomer(id=strawberry.ID(customer["_id"]), name=customer["name"]),
        lines=[
            OrderLine(
                product_id=strawberry.ID(line["product_id"]),
                sku=line["sku"],
                name=line["name"],
                quantity=line["quantity"],
                unit_price=Money.of(line["unit_price"], currency),
                line_total=Money.of(line["unit_price"] * line["quantity"], currency),
            )
            for line in document["lines"]
        ],
    )


def _product(document: Document) -> Product:
    return Product(
        id=strawberry.ID(document["_id"]),
        sku=document["sku"],
        name=document["name"],
        category=document["category"],
        price=Money.of(document["price"], document["currency"]),
        available=document["available"],
        status=document["status"],
    )


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def place_order(self, info: strawberry.Info[dict[str, Shop], None], input: PlaceOrderInput) -> CommandResult:
        try:
            id = await info.context["source"].place_order(input)
        except _Refused as refused:
            return CommandResult(receipt=None, user_errors=[UserError(code=str(refused))])
        return CommandResult(receipt=Receipt(id=strawberry.ID(id)), user_errors=[])


class App(GraphQL[Any, None]):
    """With the one Shop of the process, made where its event loop runs."""

    _shop: Shop | None = None

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Any:
        if self._shop is None:
            client = AsyncIOMotorClient[Document](os.environ["MONGODB_URL"], tz_aware=True, w="majority")
            self._shop = Shop(client, transactions=os.environ.get("TRANSACTIONS") != "0")
        return {"source": self._shop}


if __name__ == "__main__":
    serve(App(strawberry.Schema(query=Query, mutation=Mutation)))
