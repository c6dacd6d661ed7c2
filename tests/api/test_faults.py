"""Whatever clients send wrong gets the error that says so, over HTTP; nothing of it is a fault of ours."""

from typing import Any

import pytest

from tests.system import ADDRESS, Client
from write_model.contracts.streams import Position, Token

PLACE = "mutation($input: PlaceOrderInput!) { placeOrder(input: $input) { userErrors { code message field } } }"
LONG = "x" * 10_000
FILTERED = "query($f: OrderFilter) { orders(filter: $f) { totalCount } }"
CONSISTENT = "query($w: [ConsistencyToken!]) { orders(consistentWith: $w) { totalCount } }"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"null", 422),
        (b"[]", 422),
        (b'[{"query": "{ __typename }"}]', 422),
        (b'"{ __typename }"', 422),
        (b"{}", 422),
        (b'{"query": null}', 422),
        (b'{"query": ""}', 422),
        (b'{"query": 1}', 422),
        (b'{"query": "{ __typename }", "variables": []}', 422),
        (b'{"query": "{ __typename }", "operationName": 5}', 422),
        (b'{"query": "{ __typename }", "operationName": "Other"}', 422),
        (b'{"query": "fragment F on Query { __typename }"}', 422),
        (b'{"query": "{ __typename }", "variables": {"x": NaN}}', 400),
        (b'{"query": "\\ud800"}', 400),
        (b"[" * 100_000, 400),
        (b'{"query": "subscription { orderStatusChanged(orderId: 1) { version } }"}', 406),
        (b" " * 2_000_000, 413),
    ],
)
async def test_a_request_that_is_none_is_refused_in_json(staff: Client, body: bytes, status: int) -> None:
    response = await staff.http.post("/graphql", content=body, headers={"content-type": "application/json"})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    [error] = response.json()["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data; boundary=x", "application/jsonx", ""])
async def test_only_json_is_read(staff: Client, content_type: str) -> None:
    headers = {"content-type": content_type}
    response = await staff.http.post("/graphql", content=b'{"query": "{ __typename }"}', headers=headers)
    assert response.status_code == 415
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("PUT", "/graphql", 405), ("DELETE", "/graphql", 405), ("GET", "/nowhere", 404), ("POST", "/healthz", 405)],
)
async def test_a_method_or_path_that_is_not_served_is_refused_in_json(
    staff: Client, method: str, path: str, status: int
) -> None:
    response = await staff.http.request(method, path)
    assert response.status_code == status
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_queries_may_come_by_get_and_nothing_else_may(staff: Client) -> None:
    found = await staff.http.get(
        "/graphql", params={"query": "query($n: Int) { products(first: $n) { totalCount } }", "variables": '{"n": 1}'}
    )
    assert "errors" not in found.json()
    refused = await staff.http.get(
        "/graphql", params={"query": 'mutation { confirmOrder(input: {orderId: "x"}) { userErrors { code } } }'}
    )
    assert refused.status_code == 405
    assert refused.headers["allow"] == "POST"
    broken = await staff.http.get("/graphql", params={"query": "{ __typename }", "variables": "{"})
    assert broken.status_code == 400


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{", {}, "GRAPHQL_PARSE_FAILED"),
        ("hello", {}, "GRAPHQL_PARSE_FAILED"),
        ("{ a" * 2_000, {}, "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ order(id: true) { id } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ order { id } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ orders(first: 2147483648) { totalCount } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ('{ orders(filter: {createdFrom: "yesterday"}) { totalCount } }', {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ orders(filter: {status: LOST}) { totalCount } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("query($n: Int) { orders(first: $n) { totalCount } }", {"n": "five"}, "BAD_USER_INPUT"),
        ("query($n: Int) { orders(first: $n) { totalCount } }", {"n": 2**31}, "BAD_USER_INPUT"),
        ("query($n: Int!) { orders(first: $n) { totalCount } }", {}, "BAD_USER_INPUT"),
        (FILTERED, {"f": {"x": 1}}, "BAD_USER_INPUT"),
        (FILTERED, {"f": {"createdFrom": "2026-11-20T10:00:00"}}, "BAD_USER_INPUT"),
        ("query($o: OrderOrder = NEWEST) { orders(orderBy: $o) { totalCount } }", {"o": None}, "BAD_USER_INPUT"),
        (CONSISTENT, {"w": ["!"]}, "BAD_USER_INPUT"),
        # A token for a partition that there is not: "1-1:999".
        (CONSISTENT, {"w": ["MS0xOjk5OQ"]}, "BAD_USER_INPUT"),
        ("{ orders(first: -1) { totalCount } }", {}, "BAD_USER_INPUT"),
        ("{ orders(first: 101) { totalCount } }", {}, "BAD_USER_INPUT"),
        ("{ orders(first: 1, last: 1) { totalCount } }", {}, "BAD_USER_INPUT"),
        ('{ orders(after: "garbage") { totalCount } }', {}, "BAD_USER_INPUT"),
        ('{ products(before: "b3JkZXI6eA") { totalCount } }', {}, "BAD_USER_INPUT"),
        (f'{{ orders(after: "{LONG}") {{ totalCount }} }}', {}, "BAD_USER_INPUT"),
        ('{ orders(filter: {customerId: "someone"}) { totalCount } }', {}, "BAD_USER_INPUT"),
        ('{ order(id: "") { id } }', {}, "BAD_USER_INPUT"),
        (f'{{ order(id: "{LONG}") {{ id }} }}', {}, "BAD_USER_INPUT"),
        ("{ order(id: 7) { id } }", {}, "BAD_USER_INPUT"),
        ('{ node(id: "xyz_1") { id } }', {}, "BAD_USER_INPUT"),
    ],
)  # fmt: skip
async def test_a_query_that_is_wrong_gets_its_code(
    staff: Client, query: str, variables: dict[str, Any], code: str
) -> None:
    assert set(await staff.codes(query, **variables)) == {code}


@pytest.mark.parametrize("field", ["order", "customer", "product"])
async def test_an_id_of_another_kind_is_said_to_be_one(staff: Client, field: str) -> None:
    customer_id, product_id = await staff.register_customer(), await staff.add_product()
    other = product_id if field == "customer" else customer_id
    assert await staff.codes(f'{{ {field}(id: "{other}") {{ id }} }}') == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ({"quantity": 0}, ["input", "lines", "0", "quantity"]),
        ({"quantity": -1}, ["input", "lines", "0", "quantity"]),
        ({"quantity": 2**31 - 1}, ["input", "lines", "0", "quantity"]),
        ({"productId": ""}, ["input", "lines", "0", "productId"]),
        ({"productId": LONG}, ["input", "lines", "0", "productId"]),
        ({"productId": "the customer"}, ["input", "lines", "0", "productId"]),
    ],
)
async def test_an_input_that_breaks_a_rule_is_a_user_error_with_its_path(
    staff: Client, line: dict[str, Any], path: list[str]
) -> None:
    customer_id, product_id = await staff.register_customer(), await staff.add_product()
    if line.get("productId") == "the customer":
        line = {"productId": customer_id}
    lines = [{"productId": product_id, "quantity": 1, **line}]
    order = {"customerId": customer_id, "lines": lines, "shippingAddress": ADDRESS}
    [error] = (await staff.data(PLACE, input=order))["placeOrder"]["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID_INPUT", path)
    assert error["message"]
    assert "Value error" not in error["message"]


async def test_every_rule_that_is_broken_is_said_at_once(staff: Client) -> None:
    broken = {"recipient": "", "street": LONG, "city": " ", "postalCode": "", "countryCode": "Germany"}
    order = {"customerId": "me", "lines": [{"productId": "it", "quantity": 0}], "shippingAddress": broken}
    errors = (await staff.data(PLACE, input=order))["placeOrder"]["userErrors"]
    assert {tuple(error["field"]) for error in errors} == {
        ("input", "customerId"),
        ("input", "lines", "0", "productId"),
        ("input", "lines", "0", "quantity"),
        *(("input", "shippingAddress", part) for part in broken),
    }


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ({"quantity": 2**31}, "BAD_USER_INPUT"),
        ({"quantity": 1.5}, "BAD_USER_INPUT"),
        ({"quantity": "1"}, "BAD_USER_INPUT"),
        ({"quantity": None}, "BAD_USER_INPUT"),
        ({"colour": "red"}, "BAD_USER_INPUT"),
        ({"productId": {}}, "BAD_USER_INPUT"),
    ],
)
async def test_an_input_of_the_wrong_type_is_no_command(staff: Client, line: dict[str, Any], code: str) -> None:
    lines = [{"productId": "x", "quantity": 1, **line}]
    assert await staff.codes(PLACE, input={"customerId": "x", "lines": lines, "shippingAddress": ADDRESS}) == [code]


@pytest.mark.parametrize("amount", [19.9, "", "1e3", "NaN", "19,90", " 1", "1" * 10_000, True, None])
async def test_an_amount_is_an_exact_number_in_a_string(staff: Client, amount: object) -> None:
    query = "mutation($input: ChangeProductPriceInput!) { changeProductPrice(input: $input) { userErrors { code } } }"
    price = {"productId": "x", "price": {"amount": amount, "currencyCode": "EUR"}}
    assert await staff.codes(query, input=price) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("price", ["-1", "0.001", "999999999999999999"])
async def test_an_amount_that_no_product_costs_is_a_user_error(staff: Client, price: str) -> None:
    product_id = await staff.add_product()
    money = {"amount": price, "currencyCode": "EUR"}
    [error] = (await staff.command("changeProductPrice", productId=product_id, price=money))["userErrors"]
    assert error["code"] == "INVALID_INPUT"
    assert error["field"][:2] == ["input", "price"]


@pytest.mark.parametrize("key", ["", LONG])
async def test_an_idempotency_key_has_a_length(staff: Client, key: str) -> None:
    query = """mutation($key: ID) {
        registerCustomer(input: {name: "A", email: "a@example.com"}, idempotencyKey: $key) { userErrors { code field } }
    }"""
    result = (await staff.data(query, key=key))["registerCustomer"]
    assert result["userErrors"] == [{"code": "INVALID_INPUT", "field": ["idempotencyKey"]}]


@pytest.mark.parametrize("wait", [-1, 10_001])
async def test_a_wait_that_is_too_long_is_refused_before_anything_is_done(staff: Client, wait: int) -> None:
    name = staff.system.unique("early")
    query = """mutation($name: String!, $email: String!, $wait: Int!) {
        registerCustomer(input: {name: $name, email: $email}) { receipt { ...R } userErrors { code } }
    }
    fragment R on CommandReceipt { projected(timeoutMs: $wait) }"""
    variables = {"name": name, "email": f"{name}@example.com"}
    assert await staff.codes(query, **variables, wait=wait) == ["BAD_USER_INPUT"]
    # The address is still free.
    assert (await staff.data(query, **variables, wait=10_000))["registerCustomer"]["receipt"] == {"projected": True}


async def test_a_refused_command_says_its_code(staff: Client) -> None:
    customer_id, product_id = await staff.register_customer(), await staff.add_product(stock=1)
    order = {"customerId": customer_id, "shippingAddress": ADDRESS}
    short = await staff.command("placeOrder", lines=[{"productId": product_id, "quantity": 2}], **order)
    assert [error["code"] for error in short["userErrors"]] == ["INSUFFICIENT_STOCK"]
    assert short["receipt"] is None
    placed = await staff.place_order(customer_id, product_id)
    stale = await staff.command("confirmOrder", orderId=placed["id"], expectedVersion=7)
    assert [error["code"] for error in stale["userErrors"]] == ["VERSION_CONFLICT"]


async def test_what_was_never_reached_is_a_stale_read_that_says_how_far_it_came(staff: Client) -> None:
    token = Token.at(Position(10**13, 0), (0,)).encode()
    answer = await staff.run(CONSISTENT, w=[token])
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "STALE_READ"
    assert Token.decode(error["extensions"]["position"]).position < Position(10**13, 0)
