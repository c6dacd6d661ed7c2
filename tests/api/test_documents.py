"""Documents are bounded, answered alike each time, and refused as a whole before anything of them runs."""

from collections.abc import AsyncIterator

import pytest
from websockets import ConnectionClosedError

from api.documents import LONGEST_KEPT
from tests.system import ADDRESS, Client, System, customer_token

COUNT = "query Count($id: ID!) { customer(id: $id) { orderCount } }"


@pytest.mark.parametrize(
    "query",
    [
        "{ orders { totalCount } }",
        "{ orders { nothing } }",
        "{ orders {",
        "{ orders(first: 1000) { totalCount } }",
        "{ a: projection { parkedEvents } }" + " " * LONGEST_KEPT,
    ],
)
async def test_a_document_is_answered_alike_each_time(staff: Client, query: str) -> None:
    first, second, third = [await staff.run(query) for _ in range(3)]
    assert first == second == third


async def test_an_operation_must_be_named_where_there_are_several(staff: Client) -> None:
    document = "query A { orders { totalCount } } query B { products { totalCount } }"
    assert await staff.codes(document) == ["BAD_USER_INPUT"]
    response = await staff.http.post("/graphql", json={"query": document, "operationName": "B"})
    assert set(response.json()["data"]) == {"products"}


async def test_a_number_without_end_is_bad_input(staff: Client) -> None:
    number = "9" * 5_000
    assert await staff.codes(f"{{ orders(first: {number}) {{ totalCount }} }}") == ["BAD_USER_INPUT"]
    mutation = f'mutation {{ restockProduct(input: {{productId: "x", quantity: {number}}}) {{ receipt {{ id }} }} }}'
    assert await staff.codes(mutation) == ["BAD_USER_INPUT"]


@pytest.fixture
async def customer(staff: Client, system: System) -> AsyncIterator[tuple[Client, str]]:
    id = await staff.register_customer()
    async with system.client(customer_token(id)) as client:
        yield client, id


async def test_a_mutation_is_refused_before_its_first_command(staff: Client, customer: tuple[Client, str]) -> None:
    client, customer_id = customer
    product_id = await staff.add_product()
    order = {
        "customerId": customer_id,
        "lines": [{"productId": product_id, "quantity": 1}],
        "shippingAddress": ADDRESS,
    }
    document = """
        mutation Both($order: PlaceOrderInput!, $id: ID!) {
            placeOrder(input: $order) { receipt { id } }
            ...More
        }
        fragment More on Mutation { restockProduct(input: {productId: $id, quantity: 1}) { receipt { id } } }
    """
    assert await client.codes(document, order=order, id=product_id) == ["FORBIDDEN"]
    # And a fault in how its receipt is asked for is found before the commit, too.
    null = """
        mutation Null($order: PlaceOrderInput!, $wait: Int = 1) {
            placeOrder(input: $order) { receipt { projected(timeoutMs: $wait) } }
        }
    """
    assert await client.codes(null, order=order, wait=None) == ["BAD_USER_INPUT"]
    assert (await client.data(COUNT, id=customer_id))["customer"]["orderCount"] == 0
    await client.place_order(customer_id, product_id)
    assert (await client.data(COUNT, id=customer_id))["customer"]["orderCount"] == 1


async def test_a_filter_by_nobody_is_bad_input(staff: Client) -> None:
    assert await staff.codes('{ orders(filter: {customerId: ""}) { totalCount } }') == ["BAD_USER_INPUT"]
    assert await staff.codes("{ orders(filter: {customerId: null}) { totalCount } }") == []


@pytest.mark.parametrize("credentials", [5, ["Bearer x"], None, {"Bearer": "x"}, "Bearer x", ""])
@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
async def test_credentials_that_cannot_be_read_are_none(nobody: Client, name: str, credentials: object) -> None:
    with pytest.raises(ConnectionClosedError, match=r"4403.*UNAUTHENTICATED"):
        async with nobody.socket(init={name: credentials}):
            pass
