"""The queries of the read model, with their rows decoded, for tests of what is in them."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any, TypeVar

from read_model import commands as queued
from read_model import customers as people
from read_model import orders as baskets
from read_model import products as catalogue
from read_model.changes import Changes
from read_model.connection import Reader
from read_model.pages import Page, PageRequest
from read_model.rows import Row
from read_model.schema.commands import CommandRow
from read_model.schema.customers import CustomerRow
from read_model.schema.orders import OrderRow
from read_model.schema.products import ProductRow

T = TypeVar("T")


async def order(reader: Reader, id: str) -> OrderRow | None:
    return _decoded(await baskets.order(reader, id), OrderRow.decode)


async def orders(reader: Reader, **asked: Any) -> Page[OrderRow]:
    return _page(await baskets.orders(reader, **asked), OrderRow.decode)


async def customer(reader: Reader, id: str) -> CustomerRow | None:
    return _decoded(await people.customer(reader, id), CustomerRow.decode)


async def customers(reader: Reader, page: PageRequest, search: str = "") -> Page[CustomerRow]:
    return _page(await people.customers(reader, page, search), CustomerRow.decode)


async def product(reader: Reader, id: str) -> ProductRow | None:
    return _decoded(await catalogue.product(reader, id), ProductRow.decode)


async def products(reader: Reader, page: PageRequest, *criteria: Any, **asked: Any) -> Page[ProductRow]:
    return _page(await catalogue.products(reader, page, *criteria, **asked), ProductRow.decode)


async def top_products(reader: Reader, page: PageRequest) -> list[ProductRow]:
    return [ProductRow.decode(row.texts) for row in await catalogue.top_products(reader, page)]


async def product_changes(reader: Reader, changes: Changes, product_id: str) -> AsyncGenerator[ProductRow, None]:
    async with aclosing(catalogue.product_changes(reader, changes, product_id)) as rows:
        async for row in rows:
            yield ProductRow.decode(row.texts)


async def command(reader: Reader, changes: Changes, id: str, **patience: Any) -> CommandRow | None:
    return _decoded(await queued.command(reader, changes, id, **patience), CommandRow.decode)


async def command_settled(reader: Reader, changes: Changes, id: str) -> AsyncGenerator[CommandRow, None]:
    async with aclosing(queued.command_settled(reader, changes, id)) as rows:
        async for row in rows:
            yield CommandRow.decode(row.texts)


def _decoded(row: Row | None, decode: Callable[..., T]) -> T | None:
    return decode(row.texts) if row else None


def _page(page: Page[Row], decode: Callable[..., T]) -> Page[T]:
    rows: Any = tuple(decode(row.texts) for row in page.rows)
    return replace(page, rows=rows)  # type: ignore[return-value]
