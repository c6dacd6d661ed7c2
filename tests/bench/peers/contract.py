"""The part of the contract that is measured, as idiomatic strawberry: types, and resolvers that ask a source."""

import os
from collections.abc import AsyncGenerator
from typing import Generic, Protocol, TypeVar

import strawberry
import uvicorn
from starlette.types import ASGIApp

from write_model.contracts.money import format_amount

T = TypeVar("T")


@strawberry.type
class Money:
    amount: str
    currency_code: str

    @classmethod
    def of(cls, minor: int, currency: str) -> "Money":
        return cls(amount=format_amount(minor, currency), currency_code=currency)


@strawberry.type
class OrderCustomer:
    id: strawberry.ID
    name: str


@strawberry.type
class OrderLine:
    product_id: strawberry.ID
    sku: str
    name: str
    quantity: int
    unit_price: Money
    line_total: Money


@strawberry.type
class Order:
    id: strawberry.ID
    version: int
    status: str
    item_count: int
    total: Money
    created_at: str
    customer: OrderCustomer
    lines: list[OrderLine]


@strawberry.type
class Product:
    id: strawberry.ID
    sku: str
    name: str
    category: str
    price: Money
    available: int
    status: str


@strawberry.type
class PageInfo:
    has_next_page: bool


@strawberry.type
class Connection(Generic[T]):
    nodes: list[T]
    page_info: PageInfo
    total_count: int

    @classmethod
    def of(cls, found: list[T], first: int, total: int) -> "Connection[T]":
        """The first of them, where one more than those was looked for."""
        return cls(nodes=found[:first], page_info=PageInfo(has_next_page=len(found) > first), total_count=total)


@strawberry.type
class OrderChange:
    order_id: strawberry.ID
    version: int
    status: str


@strawberry.input
class OrderFilter:
    customer_id: strawberry.ID


@strawberry.input
class OrderLineInput:
    product_id: strawberry.ID
    quantity: int


@strawberry.input
class AddressInput:
    recipient: str
    street: str
    city: str
    postal_code: str
    country_code: str


@strawberry.input
class PlaceOrderInput:
    customer_id: strawberry.ID
    lines: list[OrderLineInput]
    shipping_address: AddressInput


@strawberry.type
class Receipt:
    id: strawberry.ID


@strawberry.type
class UserError:
    code: str


@strawberry.type
class CommandResult:
    receipt: Receipt | None
    user_errors: list[UserError]


class Source(Protocol):
    """Where the resolvers find what they answer."""

    async def order(self, id: str) -> Order | None: ...
    async def orders(self, customer_id: str, first: int) -> Connection[Order]: ...
    async def products(self, search: str, first: int) -> Connection[Product]: ...


Info = strawberry.Info[dict[str, Source], None]


@strawberry.type
class Query:
    @strawberry.field
    async def order(self, info: Info, id: strawberry.ID) -> Order | None:
        return await info.context["source"].order(id)

    @strawberry.field
    async def orders(self, info: Info, filter: OrderFilter, first: int = 20) -> Connection[Order]:
        return await info.context["source"].orders(filter.customer_id, first)

    @strawberry.field
    async def products(self, info: Info, search: str, first: int = 20) -> Connection[Product]:
        return await info.context["source"].products(search, first)


Changes = AsyncGenerator[OrderChange, None]


def serve(app: ASGIApp) -> None:
    """On the port that the environment names, until told to stop; with the same server and parsers as the API."""
    uvicorn.run(
        app,
        port=int(os.environ["PORT"]),
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        access_log=False,
        log_level="warning",
    )
