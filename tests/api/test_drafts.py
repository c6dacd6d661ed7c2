"""Drafts over the API: a basket from its first item to its order."""

from typing import Any

import pytest

from tests.system import ADDRESS, Client, System, customer_token

ORDER = """query($id: ID!) {
    order(id: $id) {
        version status itemCount total { amount } createdAt placedAt shippingAddress { city }
        lines { productId quantity unitPrice { amount } lineTotal { amount } }
        timeline { version previousStatus status }
    }
}"""


async def shown(client: Client, id: str) -> dict[str, Any]:
    order: dict[str, Any] = (await client.data(ORDER, id=id))["order"]
    return order


async def test_a_basket_becomes_an_order(system: System, staff: Client) -> None:
    customer_id = await staff.register_customer()
    tea, cup = await staff.add_product(price="4.50"), await staff.add_product(price="10.00")
    async with system.client(customer_token(customer_id)) as me:
        id = (await me.receipt("createOrder", customerId=customer_id))["id"]
        draft = await shown(me, id)
        assert (draft["status"], draft["lines"], draft["total"]["amount"], draft["placedAt"]) == (
            "DRAFT",
            [],
            "0.00",
            None,
        )
        assert draft["timeline"] == [{"version": 1, "previousStatus": None, "status": "DRAFT"}]
        await me.receipt("addOrderItem", orderId=id, productId=tea, quantity=2)
        await me.receipt("addOrderItem", orderId=id, productId=cup, quantity=1)
        await me.receipt("changeOrderItemQuantity", orderId=id, productId=tea, quantity=3)
        filled = await shown(me, id)
        assert (filled["version"], filled["itemCount"], filled["total"]["amount"]) == (4, 4, "23.50")
        assert filled["lines"][0] == {
            "productId": tea, "quantity": 3, "unitPrice": {"amount": "4.50"}, "lineTotal": {"amount": "13.50"}
        }  # fmt: skip
        assert len(filled["timeline"]) == 1
        await me.receipt("removeOrderItem", orderId=id, productId=cup)
        await staff.receipt("changeProductPrice", productId=tea, price={"amount": "5.00", "currencyCode": "EUR"})
        await me.receipt("submitOrder", orderId=id, shippingAddress=ADDRESS)
        placed = await shown(me, id)
        totals = (await me.data("{ me { orderCount totalSpent { amount } lastOrderAt } }"))["me"]
    assert (placed["status"], placed["total"]["amount"], placed["shippingAddress"]["city"]) == (
        "PLACED",
        "15.00",
        "London",
    )
    assert placed["createdAt"] == draft["createdAt"]
    assert [change["status"] for change in placed["timeline"]] == ["DRAFT", "PLACED"]
    assert totals == {"orderCount": 1, "totalSpent": {"amount": "15.00"}, "lastOrderAt": placed["placedAt"]}


async def test_anothers_basket_is_not_there(system: System, staff: Client) -> None:
    mine, theirs, product = await staff.register_customer(), await staff.register_customer(), await staff.add_product()
    id = (await staff.receipt("createOrder", customerId=theirs))["id"]
    async with system.client(customer_token(mine)) as me:
        refused = [
            await me.command("createOrder", customerId=theirs),
            await me.command("addOrderItem", orderId=id, productId=product, quantity=1),
            await me.command("changeOrderItemQuantity", orderId=id, productId=product, quantity=1),
            await me.command("removeOrderItem", orderId=id, productId=product),
            await me.command("submitOrder", orderId=id, shippingAddress=ADDRESS),
        ]
        assert (await me.data(ORDER, id=id))["order"] is None
    assert [[error["code"] for error in result["userErrors"]] for result in refused] == [["NOT_FOUND"]] * 5


async def test_drafts_are_filtered_like_every_other_order(staff: Client) -> None:
    customer_id, product_id = await staff.register_customer(), await staff.add_product()
    draft = (await staff.receipt("createOrder", customerId=customer_id))["id"]
    placed = (await staff.place_order(customer_id, product_id))["id"]
    query = """query($id: ID!, $all: OrderFilter, $status: OrderStatus) {
        customer(id: $id) { orders(filter: {status: $status}) { totalCount nodes { id } } }
        orders(filter: $all) { totalCount nodes { id } }
    }"""
    for status, expected in ((None, [placed, draft]), ("DRAFT", [draft]), ("PLACED", [placed]), ("SHIPPED", [])):
        page = {"totalCount": len(expected), "nodes": [{"id": id} for id in expected]}
        wanted = {"customerId": customer_id, **({"status": status} if status else {})}
        assert await staff.data(query, id=customer_id, all=wanted, status=status) == {
            "customer": {"orders": page},
            "orders": page,
        }
    at = (await shown(staff, placed))["createdAt"]
    for time, expected in (({"createdFrom": at}, [placed]), ({"createdBefore": at}, [draft])):
        found = (await staff.data(query, id=customer_id, all={"customerId": customer_id, **time}))["orders"]
        assert [node["id"] for node in found["nodes"]] == expected


@pytest.mark.parametrize("reason", ["CUSTOMER_REQUEST", "OTHER"])
async def test_a_basket_can_be_given_up(staff: Client, reason: str) -> None:
    customer_id = await staff.register_customer()
    id = (await staff.receipt("createOrder", customerId=customer_id))["id"]
    await staff.receipt("cancelOrder", orderId=id, reason=reason)
    assert (await shown(staff, id))["status"] == "CANCELLED"
    query = "query($id: ID!) { customer(id: $id) { orderCount totalSpent { amount } } }"
    assert (await staff.data(query, id=customer_id))["customer"] == {"orderCount": 0, "totalSpent": {"amount": "0.00"}}
