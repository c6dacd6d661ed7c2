"""Orders that nobody confirms in time are cancelled, once, whoever else is at work."""

import asyncio
from datetime import timedelta

from tests.write_model.shop import add, check_laws, order, register
from tests.write_model.specification import STAFF
from write_model.expiry.expiry import BATCH, expire_due
from write_model.mongo.database import JOURNAL, Database
from write_model.orders.confirm_order import ConfirmOrder
from write_model.settings import RelaySettings
from write_model.startup import WriteModel, open_write_model, system_clock

WINDOW = timedelta(seconds=RelaySettings.model_fields["confirmation_window_seconds"].default)


async def test_what_is_due_is_cancelled_and_its_stock_returned(write_model: WriteModel, stored: Database) -> None:
    customer, tea = await register(write_model), await add(write_model, stock=10)
    left, confirmed = [await order(write_model, customer, (tea, 3)) for _ in range(2)]
    await write_model.dispatch(ConfirmOrder(order_id=confirmed.id), STAFF)

    assert await expire_due(write_model, stored, system_clock) == 0
    assert await expire_due(write_model, stored, lambda: system_clock() + WINDOW) == 1
    assert await expire_due(write_model, stored, lambda: system_clock() + WINDOW) == 0

    expired = await stored["orders"].find_one({"_id": left.id})
    product = await stored["products"].find_one({"_id": tea})
    assert expired is not None
    assert product is not None
    assert (expired["status"], expired["cancellation_reason"]) == ("CANCELLED", "EXPIRED")
    assert product["stock"] == 7
    event = await stored[JOURNAL].find_one({"aggregate_id": left.id, "type": "OrderCancelled"})
    assert event is not None
    assert event["actor"] == "system:expiry"
    await check_laws(stored)


async def test_several_at_once_cancel_each_order_once(settings: RelaySettings, stored: Database) -> None:
    async with open_write_model(settings) as one, open_write_model(settings) as two:
        customer, tea = await register(one), await add(one, stock=100)
        orders = [await order(one, customer, (tea, 1)) for _ in range(20)]
        assert len(orders) < BATCH
        later = system_clock() + WINDOW
        await asyncio.gather(
            *(expire_due(side, stored, lambda: later) for side in (one, two)),
            *(two.dispatch(ConfirmOrder(order_id=placed.id), STAFF) for placed in orders[:5]),
            return_exceptions=True,
        )
    cancelled = await stored["orders"].count_documents({"status": "CANCELLED"})
    confirmed = await stored["orders"].count_documents({"status": "CONFIRMED"})
    assert cancelled + confirmed == 20
    assert await stored[JOURNAL].count_documents({"type": "OrderCancelled"}) == cancelled
    product = await stored["products"].find_one({"_id": tea})
    assert product is not None
    assert product["stock"] == 80 + cancelled
    await check_laws(stored)
