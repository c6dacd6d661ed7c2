"""Loads the demo shop, once, through ordinary commands that live in a time of their own."""

import asyncio
import hashlib
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo import MongoClient

from stack.demo_plan import OrderPlan, Plan, make_plan
from stack.operator_error import OperatorError
from stack.progress import Work
from write_model.actor import Actor
from write_model.customers.register_customer import RegisterCustomer
from write_model.money import MoneyInput
from write_model.orders.cancel_order import CancelOrder
from write_model.orders.confirm_order import ConfirmOrder
from write_model.orders.deliver_order import DeliverOrder
from write_model.orders.place_order import OrderLine, PlaceOrder
from write_model.orders.ship_order import ShipOrder
from write_model.ports import Command
from write_model.products.add_product import AddProduct
from write_model.rejection import Unavailable
from write_model.settings import WriteSettings
from write_model.startup import WriteModel, open_write_model, system_clock

_DEMO = Actor("staff", "demo")
_RECORDS = "demo"
_Document = dict[str, Any]
_moment: ContextVar[datetime] = ContextVar("moment")


def clock() -> datetime:
    """The time in which the command at hand lives."""
    return _moment.get(None) or system_clock()


async def prepare(*, with_demo: bool) -> str | None:
    """Make the indexes, and load the demo shop where no event has happened yet; finish a load that was cut off.

    The id of a customer who has ordered something; None where nobody has.
    """
    settings = WriteSettings()
    try:
        async with open_write_model(settings, clock=clock) as write_model:
            if with_demo:
                await _load_once(write_model, settings)
        return await asyncio.to_thread(Loads(settings).a_customer)
    except Unavailable as error:
        raise OperatorError(f"the database cannot be used: {error}") from error


async def _load_once(write_model: WriteModel, settings: WriteSettings) -> None:
    loads = Loads(settings)
    load = await asyncio.to_thread(loads.begin)
    if load is not None:
        plan = make_plan(load.began_at)
        done = 0

        def advance() -> None:
            nonlocal done
            done += 1
            work.show("Loading demo data", done, plan.steps)

        with Work() as work:
            await Loader(write_model, load.done, advance, settings.currency).run(plan)
        await asyncio.to_thread(loads.complete)


@dataclass(frozen=True)
class Load:
    """A load to do. `done`: what an earlier one got done, the aggregate's id by the trace of the command."""

    began_at: datetime
    done: dict[str, str]


class Loads:
    """The record of the load, in the database that it goes to."""

    def __init__(self, settings: WriteSettings) -> None:
        self._url = settings.mongodb_url.get_secret_value()
        self._name = settings.mongodb_database

    def begin(self) -> Load | None:
        """The load to do or to finish; None where it is done, or where the database holds somebody's own data."""
        with self._open() as client:
            database = client[self._name]
            record = database[_RECORDS].find_one({"_id": "load"})
            if record is None:
                if database["journal"].find_one({}, {"_id": 1}) is not None:
                    return None
                record = {"_id": "load", "began_at": system_clock(), "complete": False}
                database[_RECORDS].insert_one(record)
                return Load(record["began_at"], {})
            if record["complete"]:
                return None
            # From the journal: receipts are kept a week after the time of their command, and the demo's is long ago.
            done: dict[str, str] = {}
            for event in database["journal"].find({"actor": str(_DEMO)}, {"trace": 1, "aggregate_id": 1}):
                # A command on an order also reserves or releases stock: the order is what it was about.
                if event["trace"] not in done or event["aggregate_id"].startswith("ord_"):
                    done[event["trace"]] = event["aggregate_id"]
            return Load(record["began_at"].astimezone(UTC), done)

    def complete(self) -> None:
        """It needs no other."""
        with self._open() as client:
            client[self._name][_RECORDS].update_one({"_id": "load"}, {"$set": {"complete": True}})

    def a_customer(self) -> str | None:
        """The one who ordered last, in the demo shop or in somebody's own."""
        with self._open() as client:
            order = client[self._name]["orders"].find_one({}, {"customer_id": 1}, sort=[("_id", -1)])
            return str(order["customer_id"]) if order else None

    def _open(self) -> MongoClient[_Document]:
        return MongoClient(self._url, tz_aware=True, w="majority", readConcernLevel="majority")


@dataclass
class Loader:
    """Sends what is not done yet."""

    write_model: WriteModel
    done: dict[str, str]
    advance: Callable[[], None]
    currency: str

    async def run(self, plan: Plan) -> None:
        """Customers and products, then orders: each wave at once, so that group commit has groups."""
        customers = [
            self._send(
                f"customer-{i}", customer.registered_at, RegisterCustomer(name=customer.name, email=customer.email)
            )
            for i, customer in enumerate(plan.customers)
        ]
        products = [
            self._send(
                f"product-{i}",
                product.added_at,
                AddProduct(
                    sku=product.sku,
                    name=product.name,
                    description=product.description,
                    category=product.category,
                    price=MoneyInput.model_validate({"amount": product.price, "currencyCode": self.currency}),
                    initial_stock=product.stock,
                ),
            )
            for i, product in enumerate(plan.products)
        ]
        ids = await asyncio.gather(*customers, *products)
        customer_ids, product_ids = ids[: len(customers)], ids[len(customers) :]
        await asyncio.gather(
            *(
                self._live(
                    f"order-{i}",
                    order,
                    PlaceOrder(
                        customer_id=customer_ids[order.customer],
                        lines=[OrderLine(product_id=product_ids[p], quantity=q) for p, q in order.lines],
                        shipping_address=plan.customers[order.customer].address,
                    ),
                )
                for i, order in enumerate(plan.orders)
            )
        )

    async def _live(self, key: str, order: OrderPlan, command: PlaceOrder) -> None:
        id = await self._send(f"{key}-place", order.placed_at, command)
        if order.confirmed_at:
            await self._send(f"{key}-confirm", order.confirmed_at, ConfirmOrder(order_id=id))
        if shipping := order.shipping:
            ship = ShipOrder(order_id=id, carrier=shipping.carrier, tracking_number=shipping.tracking_number)
            await self._send(f"{key}-ship", shipping.at, ship)
        if order.delivered_at:
            await self._send(f"{key}-deliver", order.delivered_at, DeliverOrder(order_id=id))
        if order.cancelled:
            at, reason = order.cancelled
            await self._send(f"{key}-cancel", at, CancelOrder(order_id=id, reason=reason))

    async def _send(self, key: str, at: datetime, command: Command) -> str:
        """The id of what the command made or changed, now or in an earlier load."""
        trace = _trace(key)
        id = self.done.get(trace)
        if id is None:
            _moment.set(at)  # of this task only, and the dispatcher looks before it first waits
            # The key: a commit of a load that was just killed may still be on its way when we look into the journal.
            receipt = await self.write_model.dispatch(command, _DEMO, idempotency_key=f"demo-{key}", trace=trace)
            id = receipt.id
        self.advance()
        return id


def _trace(key: str) -> str:
    """A W3C traceparent, the same each time: by it the journal tells what has been done."""
    digest = hashlib.blake2b(f"demo {key}".encode(), digest_size=24).hexdigest()
    return f"00-{digest[:32]}-{digest[32:]}-01"
