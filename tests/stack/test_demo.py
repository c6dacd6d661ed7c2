"""The demo shop: believable, the same each time, loaded once, and finished where a load was cut off."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pymongo import MongoClient

from stack import demo
from stack.demo_plan import DAYS, make_plan
from write_model.settings import WriteSettings
from write_model.startup import open_write_model

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
Database = MongoClient[dict[str, object]]


@pytest.fixture
def shop(mongodb_url: str, database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of its own that `prepare` finds in the environment; its name."""
    monkeypatch.setenv("MONGODB_URL", mongodb_url)
    monkeypatch.setenv("MONGODB_DATABASE", database)
    return database


def count(url: str, database: str) -> dict[str, int]:
    with Database(url) as client:
        names = ("customers", "products", "orders", "journal")
        return {name: client[database][name].count_documents({}) for name in names}


def test_the_plan_is_the_same_each_time_and_spread_over_60_days() -> None:
    plan = make_plan(NOW)
    assert plan == make_plan(NOW)
    assert (len(plan.customers), len(plan.products), len(plan.orders)) == (20, 60, 300)
    assert len({product.category for product in plan.products}) == 6
    assert len({product.sku for product in plan.products}) == 60
    assert len({customer.email for customer in plan.customers}) == 20
    assert all(customer.email.isascii() for customer in plan.customers)
    days = {(NOW - order.placed_at).days for order in plan.orders}
    assert max(days) == DAYS - 1
    assert len(days) > 50


def test_every_life_goes_forward_and_ends_before_now() -> None:
    plan = make_plan(NOW)
    placed = [order.placed_at for order in plan.orders]
    assert placed == sorted(placed)
    for order in plan.orders:
        life = [
            plan.customers[order.customer].registered_at,
            *(plan.products[product].added_at for product, _ in order.lines),
        ]
        assert max(life) < order.placed_at
        steps = [order.placed_at, order.confirmed_at, order.shipping and order.shipping.at, order.delivered_at]
        steps.append(order.cancelled and order.cancelled[0])
        taken = [step for step in steps if step]
        assert taken == sorted(taken)
        assert taken[-1] < NOW
        if len(taken) == 1:
            assert NOW - order.placed_at < timedelta(minutes=10), "still PLACED: from the last minutes"


def test_no_product_is_sold_more_often_than_there_are_units() -> None:
    plan = make_plan(NOW)
    sold = Counter[int]()
    for order in plan.orders:
        sold.update(dict(order.lines))
    assert all(sold[number] <= product.stock for number, product in enumerate(plan.products))


async def test_it_is_loaded_once_through_ordinary_commands(mongodb_url: str, shop: str) -> None:
    await demo.prepare(with_demo=True)
    loaded = count(mongodb_url, shop)
    assert (loaded["customers"], loaded["products"], loaded["orders"]) == (20, 60, 300)
    with Database(mongodb_url) as client:
        statuses = client[shop]["orders"].distinct("status")
        assert sorted(map(str, statuses)) == ["CANCELLED", "CONFIRMED", "DELIVERED", "PLACED", "SHIPPED"]
        times = client[shop]["journal"].distinct("occurred_at")
        assert max(times) - min(times) > timedelta(days=DAYS)
    await demo.prepare(with_demo=True)
    assert count(mongodb_url, shop) == loaded


async def test_a_load_that_was_cut_off_is_finished_not_repeated(mongodb_url: str, shop: str) -> None:
    settings = WriteSettings()
    begun = demo.Loads(settings).begin()
    assert begun
    plan = make_plan(begun.began_at)
    async with open_write_model(settings, clock=demo.clock) as write_model:
        loader = demo.Loader(write_model, begun.done, lambda: None, settings.currency)
        await loader.run(replace(plan, orders=plan.orders[:100]))
    # The receipts are gone by then: their commands' time is weeks ago.
    with Database(mongodb_url) as client:
        client[shop]["receipts"].delete_many({})

    await demo.prepare(with_demo=True)
    finished = count(mongodb_url, shop)
    assert (finished["customers"], finished["products"], finished["orders"]) == (20, 60, 300)
    with Database(mongodb_url) as client:
        assert len(client[shop]["journal"].distinct("trace")) == plan.steps


async def test_somebody_s_own_data_get_no_demo_beside_them(mongodb_url: str, shop: str) -> None:
    await demo.prepare(with_demo=False)
    with Database(mongodb_url) as client:
        client[shop]["journal"].insert_one({"_id": "cus_1@1"})
    await demo.prepare(with_demo=True)
    assert count(mongodb_url, shop)["orders"] == 0
