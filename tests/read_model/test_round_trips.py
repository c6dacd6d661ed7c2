"""What a query costs in round trips to Redis is what it says, whatever its page and however much there is."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import product as combinations
from typing import Any, Final

import pytest
from redis.asyncio import Redis

import read_model
from read_model.changes import Changes
from read_model.commands import command
from read_model.connection import Reader
from read_model.customers import customer, customers
from read_model.history import order_history
from read_model.multiplexed import open_connection
from read_model.operations import operations
from read_model.orders import order, orders
from read_model.pages import Page, PageRequest
from read_model.products import SORTINGS, categories, product, products, top_products
from read_model.projection import lag_by_partition, projection_status
from read_model.sales import order_counts, sales_by_day
from read_model.schema.commands import CommandRow
from read_model.search import Criteria, PriceRange
from tests.read_model.catalogue import Catalogue, product_added
from tests.read_model.conftest import settings_for
from tests.read_model.projected import Projected, at, customer_row, make_id, order_row
from write_model.contracts.codec import encode_time
from write_model.contracts.products import StockReserved

SIZES: Final = (10, 1_000)
PAGES: Final = (1, 100)
DAY: Final = date(2026, 11, 1)
NARROW: Final = Criteria("lam lig", category="Light", in_stock=True, prices=PriceRange(1_000, 3_000))

Query = Callable[..., Awaitable[Any]]


@dataclass
class Shop:
    """A read model with as many customers, products and orders as `size`."""

    size: int
    reader: Reader
    changes: Changes
    customer_ids: list[str]
    product_ids: list[str]
    order_ids: list[str]
    command_id: str

    async def cost(self, question: Awaitable[Any]) -> int:
        """The round trips of a question that has an answer."""
        before = self.reader.round_trips
        answer = await question
        assert answer.rows if isinstance(answer, Page) else answer
        return self.reader.round_trips - before

    async def costs(self, ask: Callable[..., Awaitable[Page[Any]]], size: int) -> set[int]:
        """Of the first page, of the last one, and of those next to them where there are any."""
        first, last = await ask(page=PageRequest(first=size)), await ask(page=PageRequest(last=size))
        assert len(first.rows) == len(last.rows) == min(size, first.total_count)
        wanted = [PageRequest(first=size), PageRequest(last=size)]
        if first.total_count > size:
            wanted += [PageRequest(first=size, after=first.cursors[-1]), PageRequest(last=size, before=last.cursors[0])]
        return {await self.cost(ask(page=page)) for page in wanted}


async def of_orders(shop: Shop, size: int) -> set[int]:
    found: set[int] = set()
    whose, statuses, moments = (None, shop.customer_ids[0]), (None, "PLACED"), (None, at(0))
    for whom, status, since, newest_first in combinations(whose, statuses, moments, (True, False)):
        asked = partial(orders, customer_id=whom, status=status, created_from=since, newest_first=newest_first)
        found |= await shop.costs(partial(asked, shop.reader), size)
    return found


async def of_products(shop: Shop, size: int) -> set[int]:
    found: set[int] = set()
    for criteria, by in combinations((Criteria(), Criteria("lam"), NARROW), SORTINGS):
        found |= await shop.costs(partial(products, shop.reader, criteria=criteria, order_by=by), size)
    return found


async def of_customers(shop: Shop, size: int) -> set[int]:
    found: set[int] = set()
    for search in ("", "a", "ad b"):
        found |= await shop.costs(partial(customers, shop.reader, search=search), size)
    return found


async def of_days(shop: Shop, size: int) -> set[int]:
    return {await shop.cost(sales_by_day(shop.reader, DAY, DAY + timedelta(days=size - 1), "EUR"))}


async def of_a_command(shop: Shop, _: int) -> set[int]:
    return {await shop.cost(command(shop.reader, shop.changes, shop.command_id, now=at(0), seconds=0))}


# Each query, asked in all the ways in which it can be: what that costs, for pages of that size.
COSTS: dict[Query, Callable[[Shop, int], Awaitable[set[int]]]] = {
    order: lambda shop, _: only(shop.cost(order(shop.reader, shop.order_ids[-1]))),
    orders: of_orders,
    customer: lambda shop, _: only(shop.cost(customer(shop.reader, shop.customer_ids[-1]))),
    customers: of_customers,
    product: lambda shop, _: only(shop.cost(product(shop.reader, shop.product_ids[-1]))),
    products: of_products,
    command: of_a_command,
    categories: lambda shop, _: only(shop.cost(categories(shop.reader))),
    top_products: lambda shop, size: only(shop.cost(top_products(shop.reader, PageRequest(first=size)))),
    sales_by_day: of_days,
    order_counts: lambda shop, _: only(shop.cost(order_counts(shop.reader))),
    projection_status: lambda shop, _: only(shop.cost(projection_status(shop.reader, shop.changes))),
    operations: lambda shop, _: only(shop.cost(operations(shop.reader))),
    order_history: lambda shop, size: only(
        shop.cost(order_history(shop.reader, shop.order_ids[-1], PageRequest(first=size)))
    ),
    lag_by_partition: lambda shop, _: only(shop.cost(lag_by_partition(shop.reader))),
}


async def only(cost: Awaitable[int]) -> set[int]:
    return {await cost}


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"of-{size}")
async def shop(request: pytest.FixtureRequest, redis_url: str) -> AsyncIterator[Shop]:
    """All orders are one customer's."""
    size, settings = request.param, settings_for(redis_url)
    async with AsyncExitStack() as open:
        redis = await open.enter_async_context(Redis.from_url(redis_url, decode_responses=True))
        await redis.flushall()
        projected, catalogue = Projected(redis), Catalogue(redis)
        await projected.complete()
        people = [customer_row(number, "Ada", "a@b.c") for number in range(size)]
        for person in people:
            await projected.customer(person)
        placed = [order_row(make_id("ord", 0, second), people[0].id, second=second) for second in range(size)]
        await projected.order(*placed)
        taken = CommandRow(make_id("cmd", 0), 1, "placeOrder", "QUEUED", "staff:sam", encode_time(at(0)))
        await projected.command(taken)
        added = await catalogue.add_all([(product_added(f"Lamp {number}"), number) for number in range(size)])
        for id in added[:5]:
            await catalogue.change(id, StockReserved(order_id="ord_1", quantity=1))
        changes = Changes(settings)
        await open.enter_async_context(changes.following())
        reader = Reader(await open.enter_async_context(open_connection(settings)), settings)
        yield Shop(
            size, reader, changes, [person.id for person in people], added, [row.summary.id for row in placed], taken.id
        )


def documented(query: Query) -> set[int]:
    """The numbers in the query's own words."""
    found = re.search(r"\b(One|Two) round trips?\b(; one for)?", query.__doc__ or "")
    assert found, f"{query.__name__} does not say what it costs"
    return {{"One": 1, "Two": 2}[found[1]]} | ({1} if found[2] else set())


def queries() -> set[Query]:
    """Every function of the read model that answers from a reader; what operators ask goes through all there is."""
    modules = [
        importlib.import_module(f"read_model.{found.name}")
        for found in pkgutil.iter_modules(read_model.__path__)
        if found.name != "parked"
    ]
    functions = [function for module in modules for function in vars(module).values() if is_query(function)]
    return {function for function in functions if not function.__name__.startswith("_")}


def is_query(function: object) -> bool:
    if not inspect.iscoroutinefunction(function):
        return False
    parameters = list(inspect.signature(function).parameters.values())
    return bool(parameters) and parameters[0].annotation is Reader


def test_the_table_has_every_query() -> None:
    assert COSTS.keys() == queries()


@pytest.mark.parametrize("page", PAGES, ids=lambda size: f"page-{size}")
@pytest.mark.parametrize("query", COSTS, ids=lambda query: query.__name__)
async def test_a_query_costs_what_it_says(shop: Shop, query: Query, page: int) -> None:
    assert await COSTS[query](shop, page) == documented(query)
