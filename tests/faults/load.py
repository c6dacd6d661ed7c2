"""The load: every client does the steps of its plan, one after another, and shows its orders to who subscribes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import assert_never

from tests.faults.clients import Client, placement
from tests.faults.history import Intent
from tests.faults.plan import Burst, Order, Rename, Reprice, Restock, Step
from tests.system import ADDRESS

Placed = Callable[[str, str], None]
"""Told of an order: its id, and a token of it."""
Passed = Callable[[int], Awaitable[None]]
"""Told how many commands more are through; the client goes on when it returns."""


@dataclass
class Shopper:
    """A client with a customer and a product of its own, before the same shelf as all."""

    client: Client
    customer_id: str
    product_id: str
    shelf: Sequence[str]
    passed: Passed
    placed: Placed

    async def run(self, steps: Iterable[Step]) -> None:
        for step in steps:
            before = len(self.client.history.intents)
            await self._step(step)
            assert len(self.client.history.intents) > before
            await self.passed(step.commands)

    async def _step(self, step: Step) -> None:
        do = self.client.do
        match step:
            case Order():
                await self._order(step)
            case Restock():
                await do("restockProduct", productId=self.shelf[step.product], quantity=step.quantity)
            case Reprice():
                await do("changeProductPrice", productId=self.shelf[step.product], price=price(step.cents))
            case Rename():
                await do("updateCustomerProfile", customerId=self.customer_id, name=step.name)
            case Burst():
                await self._burst(step)
            case _:
                assert_never(step)

    async def _order(self, step: Order) -> None:
        lines = [(self.shelf[product], quantity) for product, quantity in step.lines]
        if step.how == "draft":
            placed = await self._draft(lines)
        else:
            queued = step.how == "queued"
            placed = await self.client.do("placeOrder", queued=queued, **placement(self.customer_id, lines))
        if placed is None or not placed.receipts:
            return
        order_id = placed.receipt["id"]
        self.placed(order_id, placed.receipt["consistencyToken"])
        for name in step.then:
            done = await self._advance(order_id, name)
            if not done.receipts:
                return

    async def _draft(self, lines: Sequence[tuple[str, int]]) -> Intent | None:
        created = await self.client.do("createOrder", customerId=self.customer_id)
        if not created.receipts:
            return None
        order = {"orderId": created.receipt["id"]}
        self.placed(created.receipt["id"], created.receipt["consistencyToken"])
        for product_id, quantity in [*lines, lines[0]]:  # the first product once more
            await self.client.do("addOrderItem", **order, productId=product_id, quantity=quantity)
        await self.client.do("changeOrderItemQuantity", **order, productId=lines[0][0], quantity=1)
        if len(lines) > 1:
            await self.client.do("removeOrderItem", **order, productId=lines[-1][0])
        return await self.client.do("submitOrder", **order, shippingAddress=ADDRESS)

    async def _advance(self, order_id: str, name: str) -> Intent:
        do = self.client.do
        match name:
            case "ship":
                return await do("shipOrder", orderId=order_id, carrier="Slow Post", trackingNumber=order_id[-12:])
            case "cancel":
                return await do("cancelOrder", orderId=order_id, reason="CUSTOMER_REQUEST")
            case _:
                return await do(f"{name}Order", orderId=order_id)

    async def _burst(self, step: Burst) -> None:
        intents: list[Intent] = []
        for _ in range(step.commands):
            number = len(self.client.history.intents)
            currency = "USD" if len(intents) % 7 == 6 else "EUR"
            intents.append(
                self.client.intend(
                    "changeProductPrice", queued=True, productId=self.product_id, price=price(number + 1, currency)
                )
            )
        await self.client.send(intents)


def price(cents: int, currency: str = "EUR") -> dict[str, str]:
    return {"amount": f"{cents // 100}.{cents % 100:02d}", "currencyCode": currency}


async def open_shop(
    clients: Sequence[Client], passed: Passed, placed: Placed, *, shelf: int, stock: int
) -> list[Shopper]:
    """A shelf of products, and a customer and a product for each client."""
    first = clients[0]

    async def product(client: Client, sku: str, stock: int) -> str:
        added = await client.do(
            "addProduct", sku=sku, name=f"Product {sku}", category="Faults", price=price(1000), initialStock=stock
        )
        return str(added.receipt["id"])

    async def shopper(client: Client) -> Shopper:
        registered = await client.do("registerCustomer", name=client.name, email=f"{client.name}@example.com")
        own = await product(client, f"OWN-{client.name.upper()}", 0)
        return Shopper(client, registered.receipt["id"], own, products, passed, placed)

    products = [await product(first, f"SHELF-{n}", stock) for n in range(shelf)]
    return list(await asyncio.gather(*map(shopper, clients)))


async def reread(client: Client, settled: Callable[[], Intent | None], apis: int) -> None:
    """Until cancelled: read what somebody got a receipt for a while ago, as whoever keeps a token does."""
    for number in count():
        if intent := settled():
            await client.read_back(intent, number % apis)
        await asyncio.sleep(0.04)
