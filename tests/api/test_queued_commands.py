"""`Prefer: respond-async`: a command is taken at once and runs soon; its sender learns the outcome."""

from typing import Any

import pytest

from tests.system import ADDRESS, Client, Socket, System, customer_token

COMMAND = """
query($id: ID!) {
  command(id: $id) {
    id name status queuedAt settledAt aggregateId version userErrors { code message field }
  }
}
"""
SETTLED = "subscription($id: ID!) { commandSettled(id: $id) { status aggregateId version userErrors { code field } } }"
RESTOCK = (
    "mutation($input: RestockProductInput!) { restockProduct(input: $input) { queued { commandId } receipt { id } } }"
)


async def settled(client: Client, id: str) -> dict[str, object]:
    """The outcome, as the subscription tells it."""
    found = [event async for event in client.events(SETTLED, id=id)]
    assert [name for name, _ in found] == ["next", "complete"], found
    outcome: dict[str, object] = found[0][1]["data"]["commandSettled"]
    return outcome


async def test_a_queued_command_takes_effect_and_says_so(staff: Client) -> None:
    product = await staff.add_product(stock=1)
    result = await staff.queue("restockProduct", productId=product, quantity=4)
    assert result["receipt"] is None
    id = result["queued"]["commandId"]
    at_once = (await staff.data(COMMAND, id=id))["command"]
    assert (at_once["id"], at_once["name"], at_once["queuedAt"]) == (id, "restockProduct", result["queued"]["queuedAt"])
    assert await settled(staff, id) == {
        "status": "COMMITTED", "aggregateId": product, "version": 2, "userErrors": [],
    }  # fmt: skip
    command = (await staff.data(COMMAND, id=id))["command"]
    assert (command["status"], command["settledAt"] >= command["queuedAt"]) == ("COMMITTED", True)
    token = (await staff.receipt("restockProduct", productId=product, quantity=1))["consistencyToken"]
    query = "query($id: ID!, $with: [ConsistencyToken!]) { product(id: $id, consistentWith: $with) { available } }"
    assert (await staff.data(query, id=product, **{"with": [token]}))["product"] == {"available": 6}


async def test_a_refusal_is_told_with_its_reasons(staff: Client) -> None:
    customer, product = await staff.register_customer(), await staff.add_product(stock=1)
    lines = [{"productId": product, "quantity": 2}]
    result = await staff.queue("placeOrder", customerId=customer, lines=lines, shippingAddress=ADDRESS)
    outcome = await settled(staff, result["queued"]["commandId"])
    assert outcome["userErrors"] == [{"code": "INSUFFICIENT_STOCK", "field": ["input", "lines", "0", "quantity"]}]
    assert (outcome["status"], outcome["aggregateId"], outcome["version"]) == ("REJECTED", None, None)


async def test_what_is_not_even_a_command_is_refused_at_once(staff: Client) -> None:
    result = await staff.queue("restockProduct", productId="x", quantity=0)
    assert result["queued"] is None
    assert {error["code"] for error in result["userErrors"]} == {"INVALID_INPUT"}
    assert [error["field"] for error in result["userErrors"]] == [["input", "productId"], ["input", "quantity"]]


async def test_a_key_holds_across_both_ways(staff: Client, system: System) -> None:
    name, key = system.unique("customer"), system.unique("key")
    wanted = {"name": name, "email": f"{name}@example.com"}
    first = await staff.queue("registerCustomer", key=key, **wanted)
    again = await staff.queue("registerCustomer", key=key, **wanted)
    outcome = await settled(staff, first["queued"]["commandId"])
    afterwards = await staff.queue("registerCustomer", key=key, **wanted)
    assert again["queued"] in (first["queued"], None)  # None where it has been run meanwhile
    assert afterwards["receipt"] == {"id": outcome["aggregateId"], "version": 1, "replayed": True}
    assert afterwards["queued"] is None


@pytest.mark.parametrize(
    ("header", "queues"),
    [
        ("respond-async", True),
        ("Respond-Async; x=1", True),
        ('return=minimal, foo="a, respond-async", respond-async', True),
        ('foo="respond-async"', False),
        ("respond-asynchronously", False),
        ("wait=10", False),
        ("", False),
    ],
)
async def test_the_preference_is_read_as_its_standard_says(staff: Client, header: str, queues: bool) -> None:
    variables = {"input": {"productId": await staff.add_product(), "quantity": 1}}
    response = await staff.http.post(
        "/graphql", json={"query": RESTOCK, "variables": variables}, headers={"prefer": header}
    )
    result = response.json()["data"]["restockProduct"]
    assert (result["queued"] is not None, result["receipt"] is None) == (queues, queues)
    assert response.headers.get("preference-applied") == ("respond-async" if queues else None)


async def test_over_a_websocket_the_extensions_say_it(staff: Client) -> None:
    product = await staff.add_product()
    payload = {"query": RESTOCK, "variables": {"input": {"productId": product, "quantity": 1}}}
    async with staff.socket() as socket:
        asynchronous = {**payload, "extensions": {"prefer": "respond-async"}}
        await socket.send(type="subscribe", id="1", payload=asynchronous)
        id = (await answer(socket))["restockProduct"]["queued"]["commandId"]
        await socket.send(type="subscribe", id="2", payload=payload)
        assert (await answer(socket))["restockProduct"]["queued"] is None
        await socket.subscribe("3", SETTLED, id=id)
        assert (await answer(socket))["commandSettled"]["status"] == "COMMITTED"


async def answer(socket: Socket) -> dict[str, Any]:
    """The data of an operation that has one answer."""
    following, complete = await socket.receive(), await socket.receive()
    assert (following["type"], complete["type"]) == ("next", "complete"), following
    data: dict[str, Any] = following["payload"]["data"]
    return data


async def test_a_preference_that_is_no_text_is_bad_input(staff: Client) -> None:
    body = {"query": "{ __typename }", "extensions": {"prefer": ["respond-async"]}}
    response = await staff.http.post("/graphql", json=body)
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (422, "BAD_USER_INPUT")


async def test_a_command_is_known_to_its_sender_only(staff: Client, system: System) -> None:
    customer, other = await staff.register_customer(), await staff.register_customer()
    async with system.client(customer_token(customer)) as ada, system.client(customer_token(other)) as bob:
        id = (await ada.queue("createOrder", customerId=customer))["queued"]["commandId"]
        assert (await settled(ada, id))["status"] == "COMMITTED"
        for stranger in (bob, staff):
            assert (await stranger.data(COMMAND, id=id))["command"] is None
            found = [event async for event in stranger.events(SETTLED, id=id)]
            assert [error["extensions"]["code"] for error in found[0][1]["errors"]] == ["BAD_USER_INPUT"]
        theirs = await bob.queue("createOrder", customerId=customer)
        outcome = await settled(bob, theirs["queued"]["commandId"])
        assert outcome["userErrors"] == [{"code": "NOT_FOUND", "field": None}]


async def test_what_is_no_id_of_a_command_is_bad_input(staff: Client) -> None:
    assert await staff.codes(COMMAND, id="ord_" + "0" * 28) == ["BAD_USER_INPUT"]
    assert (await staff.data(COMMAND, id="cmd_" + "0" * 28))["command"] is None


async def test_who_may_not_send_a_command_may_not_queue_it(staff: Client, system: System) -> None:
    customer = await staff.register_customer()
    async with system.client(customer_token(customer)) as ada:
        body = {"query": RESTOCK, "variables": {"input": {"productId": "x", "quantity": 1}}}
        response = await ada.http.post("/graphql", json=body, headers={"prefer": "respond-async"})
        assert response.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
