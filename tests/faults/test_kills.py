"""kill -9 of every process while orders pour in: afterwards every receipt's effect is in the read model, once."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.faults.conftest import Parts
from tests.system import ADDRESS, PLACE_ORDER, Client, System, staff_token

CLIENTS = 8
ORDERS = 240
ROUNDS = 2


async def insist(client: Client, order: dict[str, Any], key: str) -> dict[str, Any]:
    """Place the order, with the same key until there is an answer: what a careful client does."""
    while True:
        try:
            answer = await client.run(PLACE_ORDER, input=order, key=key)
        except httpx.TransportError:
            await asyncio.sleep(0.05)  # the API is gone for a moment
            continue
        codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
        if not codes:
            placed: dict[str, Any] = answer["data"]["placeOrder"]
            assert placed["userErrors"] == []
            receipt: dict[str, Any] = placed["receipt"]
            return receipt
        assert codes == {"UNAVAILABLE"}, answer
        await asyncio.sleep(0.05)


@pytest.mark.timeout(240)
async def test_every_receipt_takes_effect_once_whatever_is_killed(system: tuple[System, Parts]) -> None:
    world, parts = system
    async with world.client(staff_token()) as client:
        customer_id = await client.register_customer()
        product_id = await client.add_product(stock=ORDERS + 100)
        order = {
            "customerId": customer_id,
            "lines": [{"productId": product_id, "quantity": 1}],
            "shippingAddress": ADDRESS,
        }
        receipts: list[dict[str, Any]] = []
        victims = ["relay", "projector", "api"] * ROUNDS

        async def order_again_and_again(number: int) -> None:
            for n in range(number, ORDERS, CLIENTS):
                receipt = await insist(client, order, f"order-{n}")
                receipts.append(receipt)

        async def kill() -> None:
            for n, victim in enumerate(victims, start=1):
                while len(receipts) < n * ORDERS // (len(victims) + 1):  # noqa: ASYNC110 - by progress, not by time
                    await asyncio.sleep(0.01)
                await parts.kill(victim)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(kill())
            for number in range(CLIENTS):
                tasks.create_task(order_again_and_again(number))

        placed = {receipt["id"] for receipt in receipts}
        assert len(placed) == len(receipts) == ORDERS

        shown = await read_all(client, customer_id, product_id, [receipt["consistencyToken"] for receipt in receipts])
        assert Counter(shown["orders"]) == Counter(placed), "every order, once"
        assert shown["customer"] == {"orderCount": ORDERS, "totalSpent": {"amount": f"{ORDERS * 19.9:.2f}"}}
        assert shown["available"] == 100
        assert shown["projection"]["parkedEvents"] == 0


READ = """
query Read($customer: ID!, $product: ID!, $after: String, $with: [ConsistencyToken!]) {
  customer(id: $customer, consistentWith: $with) { orderCount totalSpent { amount } }
  product(id: $product, consistentWith: $with) { available }
  orders(filter: {customerId: $customer}, first: 100, after: $after, consistentWith: $with) {
    nodes { id status timeline { status } }
    pageInfo { hasNextPage endCursor }
  }
  projection { parkedEvents }
}
"""


async def read_all(client: Client, customer_id: str, product_id: str, tokens: list[str]) -> dict[str, Any]:
    """All of the customer's orders, page by page, and the totals."""
    orders: list[str] = []
    after = None
    while True:
        answer = await client.run(READ, customer=customer_id, product=product_id, after=after, **{"with": tokens})
        if any(error["extensions"]["code"] in ("STALE_READ", "UNAVAILABLE") for error in answer.get("errors", ())):
            continue  # the last one killed is just coming back
        assert "errors" not in answer, answer
        data = answer["data"]
        for node in data["orders"]["nodes"]:
            assert (node["status"], [change["status"] for change in node["timeline"]]) == ("PLACED", ["PLACED"])
            orders.append(node["id"])
        after = data["orders"]["pageInfo"]["endCursor"]
        if not data["orders"]["pageInfo"]["hasNextPage"]:
            return {
                "orders": orders,
                "customer": data["customer"],
                "available": data["product"]["available"],
                "projection": data["projection"],
            }
