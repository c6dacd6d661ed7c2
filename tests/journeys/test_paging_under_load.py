"""Paging through thousands of orders while others place and cancel: what was there throughout comes exactly once."""

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any

import pytest
from pydantic import SecretStr

from api.wire import LONGEST_LIST
from tests.system import Client, System
from tests.write_model.shop import add, order, register
from write_model.settings import WriteSettings
from write_model.startup import open_write_model

ORDERS = 5_000
CUSTOMERS = 40
AT_ONCE = 1_000
PAGE = 100
RESTLESS = 1_000
"""Of the orders, those that may be cancelled."""

PAGES = """
query Pages($filter: OrderFilter, $by: OrderOrder!, $first: Int, $after: String, $last: Int, $before: String) {
  orders(filter: $filter, orderBy: $by, first: $first, after: $after, last: $last, before: $before) {
    nodes { id }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""


@dataclass
class Shop:
    """The orders, by id, as those who place and cancel them know them."""

    staff: Client
    customers: list[str]
    product: str
    there: set[str]
    cancelled: set[str] = field(default_factory=set)
    """Whoever is about to cancel one puts it here before."""
    may_be_cancelled: deque[str] = field(default_factory=deque)
    moves: int = 0

    async def place(self) -> None:
        """Place orders, one after another, until cancelled."""
        for customer in cycle(self.customers):
            placed = str((await self.staff.place_order(customer, self.product))["id"])
            self.there.add(placed)
            self.may_be_cancelled.append(placed)
            self.moves += 1

    async def cancel(self) -> None:
        """Cancel orders, old ones and new ones, until cancelled."""
        while True:
            id = self.may_be_cancelled.popleft()
            self.cancelled.add(id)
            await self.staff.receipt("cancelOrder", orderId=id, reason="OTHER")
            self.moves += 1

    @asynccontextmanager
    async def busy(self) -> AsyncIterator[None]:
        """Two place and two cancel within the block, and each of them does something there."""
        before = self.moves
        async with asyncio.TaskGroup() as others:
            tasks = [others.create_task(busy()) for busy in (self.place, self.place, self.cancel, self.cancel)]
            yield
            assert self.moves > before, "nothing moved meanwhile"
            for task in tasks:
                task.cancel()


@pytest.fixture(scope="module")
async def shop(system: System) -> AsyncIterator[Shop]:
    """Placed through the command side itself, because that is quick; relay and projector do as always."""
    environment = system.environment
    settings = WriteSettings(
        mongodb_url=SecretStr(environment["MONGODB_URL"]), mongodb_database=environment["MONGODB_DATABASE"]
    )
    async with open_write_model(settings) as write_model:
        product = await add(write_model)
        customers = await asyncio.gather(*(register(write_model) for _ in range(CUSTOMERS)))
        placed = []
        for _ in range(ORDERS // AT_ONCE):
            wanted = [order(write_model, customer, (product, 1)) for customer in islice(cycle(customers), AT_ONCE)]
            placed += await asyncio.gather(*wanted)
    ids = [receipt.id for receipt in placed]
    random.Random(1).shuffle(ids)
    async with system.staff as staff:
        await shown(staff, [receipt.token for receipt in placed])
        yield Shop(staff, customers, product, set(ids), may_be_cancelled=deque(ids[:RESTLESS]))


async def shown(staff: Client, tokens: list[str]) -> None:
    """Until queries show all of these commits; the test's own limit ends it. Each token speaks of its own alone."""
    query = "query($with: [ConsistencyToken!]) { orders(consistentWith: $with) { totalCount } }"
    for first in range(0, len(tokens), LONGEST_LIST):
        some = tokens[first : first + LONGEST_LIST]
        while (codes := await staff.codes(query, **{"with": some})) == ["STALE_READ"]:
            pass
        assert codes == []


async def all_pages(staff: Client, *, by: str, backward: bool, status: str | None) -> list[str]:
    """The ids on all pages, in the list's order."""
    ids: list[str] = []
    asked: dict[str, Any] = {"last": PAGE} if backward else {"first": PAGE}
    while True:
        page = (await staff.data(PAGES, by=by, filter={"status": status}, **asked))["orders"]
        found, info = [node["id"] for node in page["nodes"]], page["pageInfo"]
        ids = found + ids if backward else ids + found
        if not info["hasPreviousPage" if backward else "hasNextPage"]:
            return ids
        assert len(found) == PAGE, "a page that is not the last is full"
        if backward:
            asked["before"] = info["startCursor"]
        else:
            asked["after"] = info["endCursor"]


@pytest.mark.parametrize("status", [None, "PLACED"])
@pytest.mark.parametrize("by", ["NEWEST", "OLDEST"])
@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
async def test_what_was_there_throughout_comes_exactly_once(
    shop: Shop, by: str, backward: bool, status: str | None
) -> None:
    there = shop.there - (shop.cancelled if status else set())
    async with shop.busy():
        seen = await all_pages(shop.staff, by=by, backward=backward, status=status)
    stayed = there - (shop.cancelled if status else set())
    assert seen == sorted(set(seen), reverse=by == "NEWEST"), "nothing comes twice, or out of order"
    assert stayed - set(seen) == set()
    assert len(stayed) >= ORDERS - RESTLESS
