"""Who may do what: the table, tokens, and what customers see of others."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, GraphQLString
from websockets import ConnectionClosedError

from api.access import ACCESS, Rule, Who
from api.schema import guard, schema
from tests.api.tokens import BAD_TOKENS
from tests.system import ADDRESS, Client, System, customer_token


def roots() -> list[tuple[str, str, Rule]]:
    return [(root, name, rule) for root, fields in ACCESS.items() for name, rule in fields.items()]


def operation(root: str, name: str) -> tuple[str, dict[str, Any]]:
    """An operation on the field, with variables that are no more right than its types ask for."""
    type_ = schema._schema.type_map[root]
    assert isinstance(type_, GraphQLObjectType)
    # A subscription must have something to refuse: it would say nothing otherwise.
    arguments = {
        argument: its
        for argument, its in type_.fields[name].args.items()
        if str(its.type).endswith("!") or (root == "Subscription" and argument in ("after", "aggregateId"))
    }
    values: dict[str, Any] = {
        "id": "x", "orderId": "x", "productId": "x", "input": INPUTS.get(name, {}), "timeoutMs": 0, "first": 1,
        "orderBy": "NAME" if name == "products" else "NEWEST", "from": "2026-11-21", "to": "2026-11-20", "after": "x",
        "aggregateId": "x",
    }  # fmt: skip
    declared = "".join(f"${argument}: {its.type} " for argument, its in arguments.items())
    passed = "".join(f"{argument}: ${argument} " for argument in arguments)
    selection = " { __typename }"
    text = (
        f"{root.lower()}{f'({declared})' if declared else ''} {{ {name}{f'({passed})' if passed else ''}{selection} }}"
    )
    return text, {argument: values[argument] for argument in arguments}


MONEY = {"amount": "1.00", "currencyCode": "EUR"}
INPUTS: dict[str, dict[str, Any]] = {
    "registerCustomer": {"name": "", "email": ""},
    "updateCustomerProfile": {"customerId": "x"},
    "deactivateCustomer": {"customerId": "x"},
    "reactivateCustomer": {"customerId": "x"},
    "addProduct": {"sku": "", "name": "", "category": "", "price": MONEY},
    "updateProductDetails": {"productId": "x"},
    "changeProductPrice": {"productId": "x", "price": MONEY},
    "restockProduct": {"productId": "x", "quantity": 0},
    "discontinueProduct": {"productId": "x"},
    "placeOrder": {"customerId": "x", "lines": [], "shippingAddress": ADDRESS},
    "createOrder": {"customerId": "x"},
    "addOrderItem": {"orderId": "x", "productId": "x", "quantity": 0},
    "changeOrderItemQuantity": {"orderId": "x", "productId": "x", "quantity": 0},
    "removeOrderItem": {"orderId": "x", "productId": "x"},
    "submitOrder": {"orderId": "x", "shippingAddress": ADDRESS},
    "confirmOrder": {"orderId": "x"},
    "shipOrder": {"orderId": "x", "carrier": "", "trackingNumber": ""},
    "deliverOrder": {"orderId": "x"},
    "cancelOrder": {"orderId": "x", "reason": "OTHER"},
    "retryParked": {"id": "x"},
    "discardParked": {"id": "x"},
    "rebuild": {"partitions": [-1]},
}


async def codes(client: Client, root: str, name: str) -> list[str]:
    text, variables = operation(root, name)
    if root != "Subscription":
        return await client.codes(text, **variables)
    async with client.socket() as socket:
        await socket.subscribe("1", text, **variables)
        message = await socket.receive()
        if name == "operationsChanged" and message["type"] == "next":
            return []  # there is nothing in it to refuse
        assert message["type"] == "error", message
        return [error["extensions"]["code"] for error in message["payload"]]


@pytest.fixture
async def customer(system: System, staff: Client) -> AsyncIterator[Client]:
    async with system.client(customer_token(await staff.register_customer())) as client:
        yield client


def test_the_table_names_what_the_schema_has_and_nothing_else() -> None:
    for root, fields in ACCESS.items():
        type_ = schema._schema.type_map[root]
        assert isinstance(type_, GraphQLObjectType)
        assert fields.keys() == type_.fields.keys()


@pytest.mark.parametrize(("root", "name", "rule"), roots())
def test_what_is_for_staff_says_so(root: str, name: str, rule: Rule) -> None:
    type_ = schema._schema.type_map[root]
    assert isinstance(type_, GraphQLObjectType)
    assert (type_.fields[name].description or "").startswith("Staff only.") == (rule.who is Who.STAFF)


def test_a_field_that_the_table_does_not_name_cannot_be_served() -> None:
    query = GraphQLObjectType("Query", {"secrets": GraphQLField(GraphQLString)})
    with pytest.raises(LookupError, match=r"Query\.secrets"):
        guard(GraphQLSchema(query=query))


@pytest.mark.parametrize(("root", "name", "rule"), roots())
async def test_nobody_may_do_more_than_look_at_the_catalogue(nobody: Client, root: str, name: str, rule: Rule) -> None:
    refused = await codes(nobody, root, name) == ["UNAUTHENTICATED"]
    assert refused == (rule.who is not Who.ANYONE)


@pytest.mark.parametrize(("root", "name", "rule"), roots())
async def test_a_customer_may_do_what_the_table_says(customer: Client, root: str, name: str, rule: Rule) -> None:
    refused = await codes(customer, root, name) == ["FORBIDDEN"]
    assert refused == (rule.who is Who.STAFF)


@pytest.mark.parametrize(("root", "name", "rule"), roots())
async def test_staff_may_do_everything(staff: Client, root: str, name: str, rule: Rule) -> None:
    assert not {"FORBIDDEN", "UNAUTHENTICATED"} & set(await codes(staff, root, name))


@pytest.mark.parametrize("token", BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
async def test_a_token_that_is_not_good_is_nobodys(system: System, token: str) -> None:
    query = {"query": "{ orders { totalCount } }"}
    async with system.client(None) as client:
        response = await client.http.post("/graphql", json=query, headers={"authorization": f"Bearer {token}"})
        assert [error["extensions"]["code"] for error in response.json()["errors"]] == ["UNAUTHENTICATED"]
        with pytest.raises(ConnectionClosedError, match=r"4403.*UNAUTHENTICATED"):
            async with client.socket(init={"Authorization": f"Bearer {token}"}):
                pass


@pytest.mark.parametrize("header", ["Basic c3RhZmY6c3RhZmY=", "Bearer", "x"])
async def test_another_scheme_is_not_understood(nobody: Client, header: str) -> None:
    headers = {"authorization": header}
    response = await nobody.http.post("/graphql", json={"query": "{ orders { totalCount } }"}, headers=headers)
    assert [error["extensions"]["code"] for error in response.json()["errors"]] == ["UNAUTHENTICATED"]


@pytest.mark.parametrize("name", ["Authorization", "authorization"])
async def test_a_socket_may_bring_its_token_when_it_begins(system: System, staff: Client, name: str) -> None:
    async with staff.socket(init={name: f"Bearer {staff.token}"}) as socket:
        await socket.subscribe("1", "{ products(first: 0) { totalCount } }")
        await socket.nexts("1", 1)
        assert (await socket.receive())["type"] == "complete"


async def test_a_customer_sees_what_is_theirs_and_nothing_of_others(
    system: System, staff: Client, customer: Client
) -> None:
    product_id = await staff.add_product()
    mine, theirs = await staff.register_customer(), await staff.register_customer()
    order_of = {id: (await staff.place_order(id, product_id))["id"] for id in (mine, theirs)}
    query = """query($customer: ID!, $order: ID!) {
        customer(id: $customer) { id orders { nodes { id } } }
        order(id: $order) { id }
        first: node(id: $customer) { id }
        second: node(id: $order) { id }
        orders { totalCount nodes { id } }
        of: orders(filter: {customerId: $customer}) { totalCount nodes { id } }
    }"""
    async with system.client(customer_token(mine)) as me:
        own = await me.data(query, customer=mine, order=order_of[mine])
        others = await me.data(query, customer=theirs, order=order_of[theirs])
    page = {"totalCount": 1, "nodes": [{"id": order_of[mine]}]}
    assert own == {
        "customer": {"id": mine, "orders": {"nodes": page["nodes"]}},
        "order": {"id": order_of[mine]},
        "first": {"id": mine},
        "second": {"id": order_of[mine]},
        "orders": page,
        "of": page,
    }
    assert others == {
        "customer": None,
        "order": None,
        "first": None,
        "second": None,
        "orders": page,
        "of": {"totalCount": 0, "nodes": []},
    }


async def test_another_customers_order_cannot_be_followed_nor_told_from_none(
    system: System, staff: Client, customer: Client
) -> None:
    product_id, other = await staff.add_product(), await staff.register_customer()
    theirs = (await staff.place_order(other, product_id))["id"]
    unknown = theirs[:-6] + "zzzz" + theirs[-2:]
    answers = []
    async with customer.socket() as socket:
        for id in (theirs, unknown):
            query = "subscription($id: ID!) { orderStatusChanged(orderId: $id) { version } }"
            await socket.subscribe("1", query, id=id)
            message = await socket.receive()
            assert message["type"] == "error"
            answers.append(json_without(message, id))
    assert answers[0] == answers[1]


async def test_another_customers_order_cannot_be_touched(system: System, staff: Client) -> None:
    product_id = await staff.add_product()
    mine, theirs = await staff.register_customer(), await staff.register_customer()
    order_id = (await staff.place_order(theirs, product_id))["id"]
    async with system.client(customer_token(mine)) as me:
        cancelled = await me.command("cancelOrder", orderId=order_id, reason="CUSTOMER_REQUEST")
        assert [error["code"] for error in cancelled["userErrors"]] == ["NOT_FOUND"]
        lines = [{"productId": product_id, "quantity": 1}]
        placed = await me.command("placeOrder", customerId=theirs, lines=lines, shippingAddress=ADDRESS)
        assert [error["code"] for error in placed["userErrors"]] == ["NOT_FOUND"]
        own = await me.place_order(mine, product_id)
        await me.receipt("cancelOrder", orderId=own["id"], reason="CUSTOMER_REQUEST")


def json_without(message: dict[str, Any], id: str) -> str:
    return repr(message).replace(id, "")
