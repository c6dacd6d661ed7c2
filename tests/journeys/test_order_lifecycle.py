"""An order from its product to its delivery, seen by two who subscribe: one from the start, one late."""

from typing import Any

import pytest

from tests.system import ADDRESS, PLACE_ORDER, Client

FOLLOW = """
subscription Follow($id: ID!, $after: Int, $with: [ConsistencyToken!]) {
  orderStatusChanged(orderId: $id, afterVersion: $after, consistentWith: $with) {
    orderId version previousStatus status occurredAt
  }
}
"""
ORDER = """
query Order($id: ID!, $with: [ConsistencyToken!]) {
  order(id: $id, consistentWith: $with) {
    id version status itemCount total { amount currencyCode } placedAt
    customer { id name }
    lines { productId sku name quantity unitPrice { amount } lineTotal { amount } }
    shippingAddress { recipient street city postalCode countryCode }
    shipment { carrier trackingNumber }
    timeline { version previousStatus status }
  }
}
"""
STATUSES = ["PLACED", "CONFIRMED", "SHIPPED", "DELIVERED"]


@pytest.fixture
async def order_input(staff: Client) -> dict[str, Any]:
    customer_id = await staff.register_customer()
    product_id = await staff.add_product(price="19.90")
    return {
        "customerId": customer_id,
        "lines": [{"productId": product_id, "quantity": 2}, {"productId": product_id, "quantity": 1}],
        "shippingAddress": ADDRESS,
    }


async def test_an_order_is_placed_read_back_and_followed_to_its_delivery(
    staff: Client, order_input: dict[str, Any]
) -> None:
    placed = (await staff.data(PLACE_ORDER, input=order_input))["placeOrder"]
    assert placed["userErrors"] == []
    receipt = placed["receipt"]
    assert receipt["version"] == 1
    assert receipt["projected"] is True

    order = (await staff.data(ORDER, id=receipt["id"], **{"with": [receipt["consistencyToken"]]}))["order"]
    assert order["status"] == "PLACED"
    assert order["total"] == {"amount": "59.70", "currencyCode": "EUR"}
    assert order["itemCount"] == 3
    assert order["customer"]["id"] == order_input["customerId"]
    assert order["shippingAddress"] == ADDRESS
    assert order["shipment"] is None
    assert [(line["quantity"], line["lineTotal"]["amount"]) for line in order["lines"]] == [(3, "59.70")]

    async with staff.socket() as early, staff.socket() as late:
        await early.subscribe("1", FOLLOW, id=receipt["id"], after=0)
        seen = await early.nexts("1", 1)
        await staff.receipt("confirmOrder", orderId=receipt["id"], expectedVersion=1)
        await staff.receipt("shipOrder", orderId=receipt["id"], carrier="DHL", trackingNumber="JD01")

        # The late one saw CONFIRMED before its connection broke, and misses nothing, nor gets anything twice.
        await late.subscribe("again", FOLLOW, id=receipt["id"], after=2)
        missed = await late.nexts("again", 1)
        delivered = await staff.receipt("deliverOrder", orderId=receipt["id"])
        seen += await early.nexts("1", 3)
        missed += await late.nexts("again", 1)

        await early.send(type="ping")
        assert await early.receive() == {"type": "pong"}, "nothing more came than these"
        await late.send(type="ping")
        assert await late.receive() == {"type": "pong"}

    changes = [change["orderStatusChanged"] for change in seen]
    assert [change["status"] for change in changes] == STATUSES
    assert [change["previousStatus"] for change in changes] == [None, *STATUSES[:3]]
    assert [change["version"] for change in changes] == [1, 2, 3, 4]
    assert [change["orderStatusChanged"]["status"] for change in missed] == STATUSES[2:]

    order = (await staff.data(ORDER, id=receipt["id"], **{"with": [delivered["consistencyToken"]]}))["order"]
    assert order["status"] == "DELIVERED"
    assert order["version"] == 4
    assert order["shipment"] == {"carrier": "DHL", "trackingNumber": "JD01"}
    assert [change["status"] for change in order["timeline"]] == STATUSES


async def test_without_a_version_a_subscriber_gets_what_happens_from_then_on(
    staff: Client, order_input: dict[str, Any]
) -> None:
    receipt = await staff.receipt("placeOrder", **order_input)
    async with staff.socket() as socket:
        await socket.subscribe("1", FOLLOW, id=receipt["id"])
        # Subscribing has no answer of its own; another operation on the connection that is answered after it shows
        # nothing of when it took hold, so the change is one that the subscription may find in the timeline or live.
        await socket.subscribe("2", FOLLOW, id=receipt["id"], after=0)
        assert (await socket.nexts("2", 1))[0]["orderStatusChanged"]["status"] == "PLACED"
        await staff.receipt("cancelOrder", orderId=receipt["id"], reason="CUSTOMER_REQUEST")
        messages = [await socket.receive(), await socket.receive()]
    statuses = {message["id"]: message["payload"]["data"]["orderStatusChanged"]["status"] for message in messages}
    assert statuses == {"1": "CANCELLED", "2": "CANCELLED"}


async def test_a_command_sent_twice_with_its_key_happens_once(staff: Client, order_input: dict[str, Any]) -> None:
    key = staff.system.unique("key")
    first = (await staff.data(PLACE_ORDER, input=order_input, key=key))["placeOrder"]["receipt"]
    again = (await staff.data(PLACE_ORDER, input=order_input, key=key))["placeOrder"]["receipt"]
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again["id"] == first["id"]
    assert again["projected"] is True

    other = {**order_input, "lines": order_input["lines"][:1]}
    refused = (await staff.data(PLACE_ORDER, input=other, key=key))["placeOrder"]
    assert [error["code"] for error in refused["userErrors"]] == ["IDEMPOTENCY_KEY_REUSED"]


async def test_a_cancelled_order_returns_its_stock(staff: Client, order_input: dict[str, Any]) -> None:
    product_id = order_input["lines"][0]["productId"]
    available = "query($id: ID!, $with: [ConsistencyToken!]) { product(id: $id, consistentWith: $with) { available } }"

    placed = await staff.receipt("placeOrder", **order_input)
    tokens = [placed["consistencyToken"]]
    assert (await staff.data(available, id=product_id, **{"with": tokens}))["product"]["available"] == 97
    cancelled = await staff.receipt("cancelOrder", orderId=placed["id"], reason="OTHER")
    tokens.append(cancelled["consistencyToken"])
    assert (await staff.data(available, id=product_id, **{"with": tokens}))["product"]["available"] == 100
