"""Subscriptions as server-sent events: the same answers as over WebSocket, over plain HTTP."""

import json
from collections.abc import AsyncIterator
from typing import Any

from tests.system import Client

FOLLOW = """
subscription Follow($id: ID!, $after: Int) {
  orderStatusChanged(orderId: $id, afterVersion: $after) { version status }
}
"""


async def events(client: Client, query: str, **variables: Any) -> AsyncIterator[tuple[str, Any]]:
    """The events of a stream: name and data, decoded."""
    request = {"query": query, "variables": variables}
    async with client.http.stream(
        "POST", "/graphql", json=request, headers={"accept": "text/event-stream"}
    ) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        name = ""
        async for line in response.aiter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field.removesuffix(":") == "data":
                yield name, json.loads(value) if value else None


async def test_a_subscription_streams_over_http(staff: Client) -> None:
    customer, product = await staff.register_customer(), await staff.add_product()
    order = (await staff.place_order(customer, product))["id"]
    stream = events(staff, FOLLOW, id=order, after=0)
    assert await anext(stream) == ("next", {"data": {"orderStatusChanged": {"version": 1, "status": "PLACED"}}})
    await staff.receipt("confirmOrder", orderId=order)
    assert await anext(stream) == ("next", {"data": {"orderStatusChanged": {"version": 2, "status": "CONFIRMED"}}})
    await stream.aclose()  # type: ignore[attr-defined]


async def test_a_query_streams_its_one_answer(staff: Client) -> None:
    found = [event async for event in events(staff, "{ projection { parkedEvents } }")]
    assert found == [("next", {"data": {"projection": {"parkedEvents": 0}}}), ("complete", None)]


async def test_faults_are_said_in_the_stream(staff: Client, nobody: Client) -> None:
    for client, query, code in (
        (staff, "{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        (staff, 'subscription { orderStatusChanged(orderId: "x") { version } }', "BAD_USER_INPUT"),
        (nobody, FOLLOW, "UNAUTHENTICATED"),
    ):
        found = [event async for event in events(client, query, id="ord_" + "0" * 28)]
        assert [name for name, _ in found] == ["next", "complete"]
        assert [error["extensions"]["code"] for error in found[0][1]["errors"]] == [code]


async def test_plain_http_does_not_subscribe(staff: Client) -> None:
    assert await staff.codes(FOLLOW, id="ord_" + "0" * 28) == ["BAD_USER_INPUT"]
