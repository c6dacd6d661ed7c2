"""Customers over the API: profiles, search, oneself."""

from collections.abc import AsyncIterator

import pytest

from tests.system import Client, System, customer_token

NAME = "query($id: ID!) { order(id: $id) { customer { name } } }"


@pytest.fixture
async def customer_id(staff: Client) -> str:
    return await staff.register_customer()


@pytest.fixture
async def customer(system: System, customer_id: str) -> AsyncIterator[Client]:
    async with system.client(customer_token(customer_id)) as client:
        yield client


async def test_customers_see_themselves_and_staff_are_nobody(staff: Client, customer: Client, customer_id: str) -> None:
    query = "{ me { id status orderCount } }"
    assert await customer.data(query) == {"me": {"id": customer_id, "status": "ACTIVE", "orderCount": 0}}
    assert await staff.data(query) == {"me": None}


async def test_a_new_name_shows_in_the_profile_and_in_the_orders(
    system: System, staff: Client, customer: Client, customer_id: str
) -> None:
    order = await staff.place_order(customer_id, await staff.add_product())
    name = system.unique("renamed")
    await customer.receipt("updateCustomerProfile", customerId=customer_id, name=name)
    me = (await customer.data("{ me { name email version } }"))["me"]
    assert (me["name"], me["version"]) == (name, 2)
    shown = None
    while shown != name:  # it follows, in steps; the timeout of the test is the limit
        shown = (await customer.data(NAME, id=order["id"]))["order"]["customer"]["name"]


async def test_only_ones_own_profile_can_be_changed(staff: Client, customer: Client) -> None:
    other = await staff.register_customer()
    result = await customer.command("updateCustomerProfile", customerId=other, name="Mine now")
    assert [error["code"] for error in result["userErrors"]] == ["NOT_FOUND"]


async def test_a_deactivated_customer_comes_back(staff: Client, customer_id: str) -> None:
    query = "query($id: ID!) { customer(id: $id) { status } }"
    await staff.receipt("deactivateCustomer", customerId=customer_id)
    assert (await staff.data(query, id=customer_id))["customer"]["status"] == "DEACTIVATED"
    await staff.receipt("reactivateCustomer", customerId=customer_id)
    assert (await staff.data(query, id=customer_id))["customer"]["status"] == "ACTIVE"


async def test_staff_find_customers_by_words_of_name_and_email(system: System, staff: Client) -> None:
    word = system.unique("found").replace("-", "")
    for name in ("Zoë", "ada", "Bob"):
        await staff.receipt("registerCustomer", name=f"{name} {word}", email=f"{name[0]}.{word}@example.com")
    query = """query($search: String, $first: Int, $after: String) {
        customers(search: $search, first: $first, after: $after) {
            totalCount nodes { name } edges { cursor } pageInfo { hasNextPage endCursor }
        }
    }"""
    one = (await staff.data(query, search=word.upper(), first=2))["customers"]
    assert (one["totalCount"], [node["name"] for node in one["nodes"]]) == (3, [f"ada {word}", f"Bob {word}"])
    assert one["pageInfo"]["hasNextPage"]
    rest = (await staff.data(query, search=word, first=2, after=one["pageInfo"]["endCursor"]))["customers"]
    assert ([node["name"] for node in rest["nodes"]], rest["pageInfo"]["hasNextPage"]) == ([f"Zoë {word}"], False)
    both = (await staff.data(query, search=f"zo {word[:-1]}"))["customers"]
    assert [node["name"] for node in both["nodes"]] == [f"Zoë {word}"]
    assert await staff.codes(query, search="x" * 201) == ["BAD_USER_INPUT"]
    assert await staff.codes(query, search=word, after="x") == ["BAD_USER_INPUT"]
