"""What a browser gets, and what a load balancer asks."""

import pytest
from graphql import OperationDefinitionNode, parse, validate

from api.pages.cdn import page_from_cdn
from api.pages.examples import EXAMPLE_IDS, EXAMPLES, example_variables, tabs_with
from api.schema import schema
from tests.system import Client

OPERATIONS = [d for d in parse(EXAMPLES).definitions if isinstance(d, OperationDefinitionNode)]


async def test_a_browser_gets_graphiql(nobody: Client) -> None:
    response = await nobody.http.get("/graphql", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert "mutation PlaceOrder(" in response.text


async def test_a_tool_does_not(nobody: Client) -> None:
    response = await nobody.http.get("/graphql", headers={"accept": "*/*"})
    assert response.status_code == 422
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


def test_the_examples_are_right() -> None:
    assert validate(schema._schema, parse(EXAMPLES)) == []


@pytest.mark.parametrize("name", [operation.name.value for operation in OPERATIONS if operation.name])
async def test_every_example_runs_as_it_stands(staff: Client, name: str) -> None:
    customer_id, product_id = await staff.register_customer(), await staff.add_product()
    order = await staff.place_order(customer_id, product_id)
    assert order["id"] in (await staff.http.get("/graphql", headers={"accept": "text/html"})).text
    variables = example_variables(await staff.data(EXAMPLE_IDS))
    assert variables["orderId"] == order["id"]
    await staff.place_order(customer_id, product_id)  # something to resume with

    async with staff.socket() as socket:
        payload = {"query": EXAMPLES, "operationName": name, "variables": variables}
        await socket.send(type="subscribe", id="1", payload=payload)
        message = await socket.receive()
    assert message["type"] == "next"
    assert "errors" not in message["payload"], message
    for result in message["payload"]["data"].values():
        assert result is not None
        assert isinstance(result, list) or not result.get("userErrors")


def test_a_tab_has_the_variables_that_it_uses_and_no_others() -> None:
    variables = {name: name for name in ("orderId", "customerId", "productId", "token", "cursor")}
    used = [set(tab["variables"]) for tab in tabs_with(variables)]
    assert used == [
        {"orderId", "customerId", "productId"}, {"orderId"}, {"orderId", "token"}, {"cursor"}, set(), {"customerId"},
    ]  # fmt: skip


def test_nothing_in_the_page_can_end_its_script() -> None:
    page = page_from_cdn({"orderId": "</script><script>alert(1)</script>"}, {})
    assert "</script><script>alert" not in page


def test_an_empty_shop_gives_no_variables() -> None:
    assert example_variables({}) == {}
    assert example_variables({"orders": {"nodes": []}, "placed": {"nodes": []}, "products": {"nodes": []}}) == {}


async def test_the_health_checks_answer(nobody: Client) -> None:
    alive = await nobody.http.get("/healthz")
    assert (alive.status_code, alive.json()) == (200, {"alive": True})
    ready = await nobody.http.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "missing": {}, "parkedEvents": 0})
