"""A shop in a running command side: shorthands for tests that need customers, products and orders to be there."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

from tests.write_model.examples import place
from tests.write_model.specification import STAFF
from write_model.commands import AGGREGATES
from write_model.customers.register_customer import RegisterCustomer
from write_model.money import MoneyInput
from write_model.mongo import journal
from write_model.mongo.database import JOURNAL, Database
from write_model.ports import Receipt
from write_model.products.add_product import AddProduct
from write_model.startup import WriteModel

_numbers = count(1)


def registration(email: str | None = None) -> RegisterCustomer:
    return RegisterCustomer(name="Ada", email=email or f"ada{next(_numbers)}@example.com")


def addition(stock: int = 1_000_000, sku: str | None = None) -> AddProduct:
    price = MoneyInput.model_validate({"amount": "4.50", "currencyCode": "EUR"})
    return AddProduct(sku=sku or f"TEA-{next(_numbers)}", name="Tea", category="Tea", price=price, initial_stock=stock)


async def register(write_model: WriteModel) -> str:
    return (await write_model.dispatch(registration(), STAFF)).id


async def add(write_model: WriteModel, stock: int = 1_000_000) -> str:
    return (await write_model.dispatch(addition(stock), STAFF)).id


async def order(write_model: WriteModel, customer: str, *lines: tuple[str, int], key: str | None = None) -> Receipt:
    return await write_model.dispatch(place(*lines, customer=customer), STAFF, idempotency_key=key)


async def outcomes(*dispatches: Any) -> list[Receipt | BaseException]:
    """What each came to, all at once."""
    results: list[Receipt | BaseException] = await asyncio.gather(*dispatches, return_exceptions=True)
    return results


async def check_laws(database: Database) -> int:
    """Stored state == fold(journal), versions without gap; answers the number of events."""
    events: dict[str, list[Any]] = {}
    async for document in database[JOURNAL].find():
        envelope = journal.from_document(document)
        events.setdefault(envelope.aggregate_id, []).append(envelope)
    stored = {}
    for aggregate in AGGREGATES:
        async for document in database[aggregate.collection].find():
            stored[document["_id"]] = (aggregate, aggregate.from_document(document))
    assert stored.keys() == events.keys()
    for id, history in events.items():
        aggregate, state = stored[id]
        history.sort(key=lambda envelope: envelope.version)
        assert [envelope.version for envelope in history] == list(range(1, state.version + 1))
        folded: Any = None
        for envelope in history:
            folded = aggregate.evolve(id, folded, envelope.event)
        assert folded == state
    return sum(map(len, events.values()))


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for it, not for a time; the test's own limit ends it."""
    while not await condition():  # noqa: ASYNC110 - the condition is in another process
        await asyncio.sleep(0.02)
