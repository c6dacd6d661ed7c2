"""The catalogue at the edge: search, filters, orders, pages, categories, best sellers, and a product followed live."""

from typing import Any

import pytest

from tests.system import Client

FIND = """query($search: String, $filter: ProductFilter, $order: ProductOrder! = NAME, $first: Int, $after: String) {
    products(search: $search, filter: $filter, orderBy: $order, first: $first, after: $after) {
        nodes { name }
        pageInfo { hasNextPage endCursor }
        totalCount
    }
}"""
FOLLOW = """subscription($id: ID!, $token: ConsistencyToken!) {
    productChanged(productId: $id, consistentWith: [$token]) { version name category price { amount } available }
}"""
PRODUCTS = [("Desk lamp", "19.90", 0), ("Étagère", "120.00", 3), ("Lamp shade", "7.50", 9), ("Stool", "45.00", 1)]


async def stocked(staff: Client) -> tuple[str, dict[str, dict[str, Any]]]:
    """A category of its own with four products; their receipts by name."""
    category = staff.system.unique("Category")
    receipts = {}
    for name, price, stock in PRODUCTS:
        receipts[name] = await staff.receipt(
            "addProduct",
            sku=staff.system.unique("SKU"),
            name=name,
            category=category,
            price={"amount": price, "currencyCode": "EUR"},
            initialStock=stock,
        )
    return category, receipts


async def found(client: Client, **variables: Any) -> list[str]:
    page = (await client.data(FIND, **variables))["products"]
    names = [node["name"] for node in page["nodes"]]
    assert page["totalCount"] == len(names)
    return names


async def test_products_are_searched_filtered_and_sorted(staff: Client) -> None:
    category, receipts = await stocked(staff)
    await staff.receipt("discontinueProduct", productId=receipts["Stool"]["id"])
    of = {"category": category}
    assert await found(staff, filter=of) == ["Desk lamp", "Étagère", "Lamp shade"]
    assert await found(staff, search=f"lam {category}") == ["Desk lamp", "Lamp shade"]
    assert await found(staff, search="ETAG", filter=of) == ["Étagère"]
    assert await found(staff, filter={**of, "inStock": True}) == ["Étagère", "Lamp shade"]
    assert await found(staff, filter={**of, "inStock": False}) == ["Desk lamp"]
    assert await found(staff, filter={**of, "minPrice": "7.50", "maxPrice": "19.90"}) == ["Desk lamp", "Lamp shade"]
    assert await found(staff, filter={**of, "minPrice": "7.51"}) == ["Desk lamp", "Étagère"]
    assert await found(staff, filter={**of, "includeDiscontinued": True}, order="PRICE_HIGH_TO_LOW") == [
        "Étagère", "Stool", "Desk lamp", "Lamp shade",
    ]  # fmt: skip
    assert await found(staff, filter=of, order="PRICE_LOW_TO_HIGH") == ["Lamp shade", "Desk lamp", "Étagère"]
    assert await found(staff, filter=of, order="NEWEST") == ["Lamp shade", "Étagère", "Desk lamp"]
    nothing = dict.fromkeys(("minPrice", "maxPrice", "inStock", "includeDiscontinued"))
    assert await found(staff, search=None, filter={**of, **nothing}) == ["Desk lamp", "Étagère", "Lamp shade"]


async def test_best_sellers_are_counted_in_units_that_were_not_cancelled(staff: Client) -> None:
    category, receipts = await stocked(staff)
    customer_id = await staff.register_customer()
    for name, quantity in (("Lamp shade", 5), ("Étagère", 2), ("Stool", 1)):
        await staff.place_order(customer_id, receipts[name]["id"], quantity)
    cancelled = await staff.place_order(customer_id, receipts["Lamp shade"]["id"], 4)
    await staff.receipt("cancelOrder", orderId=cancelled["id"], reason="OTHER")
    assert await found(staff, filter={"category": category}, order="BEST_SELLING") == [
        "Lamp shade", "Étagère", "Stool", "Desk lamp",
    ]  # fmt: skip
    best = (await staff.data("{ topProducts(first: 100) { productId name unitsSold } }"))["topProducts"]
    ours = {product["name"]: product["unitsSold"] for product in best if product["productId"] in
            {receipt["id"] for receipt in receipts.values()}}  # fmt: skip
    assert ours == {"Lamp shade": 5, "Étagère": 2, "Stool": 1}
    assert [product["unitsSold"] for product in best] == sorted((p["unitsSold"] for p in best), reverse=True)
    assert len((await staff.data("{ topProducts(first: 1) { sku } }"))["topProducts"]) == 1


async def test_pages_go_on_where_the_cursor_is(staff: Client) -> None:
    category, _ = await stocked(staff)
    seen: list[str] = []
    after = None
    while True:
        page = (await staff.data(FIND, filter={"category": category}, order="NEWEST", first=2, after=after))["products"]
        seen += [node["name"] for node in page["nodes"]]
        assert page["totalCount"] == 4
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert seen == ["Stool", "Lamp shade", "Étagère", "Desk lamp"]


async def test_categories_have_what_can_be_ordered(staff: Client) -> None:
    category, receipts = await stocked(staff)
    query = "{ categories { name productCount } }"
    assert {"name": category, "productCount": 4} in (await staff.data(query))["categories"]
    for receipt in receipts.values():
        await staff.receipt("discontinueProduct", productId=receipt["id"])
    assert category not in [found["name"] for found in (await staff.data(query))["categories"]]


async def test_details_change_alone_or_together(staff: Client) -> None:
    category, receipts = await stocked(staff)
    id = receipts["Stool"]["id"]
    renamed = await staff.receipt("updateProductDetails", productId=id, name="Bar stool")
    assert renamed["version"] == 2
    other = staff.system.unique("Other")
    again = await staff.receipt(
        "updateProductDetails", productId=id, expectedVersion=2, category=other, description="High"
    )
    assert again["version"] == 3
    product = (await staff.data("query($id: ID!) { product(id: $id) { name description category } }", id=id))["product"]
    assert product == {"name": "Bar stool", "description": "High", "category": other}
    assert await found(staff, search="bar", filter={"category": other}) == ["Bar stool"]
    assert await found(staff, search="stool", filter={"category": category}) == []
    refused = await staff.command("updateProductDetails", productId=id, name="", category="x" * 101)
    assert {tuple(error["field"]) for error in refused["userErrors"]} == {("input", "name"), ("input", "category")}


async def test_a_product_is_followed_now_and_at_each_change(staff: Client) -> None:
    _, receipts = await stocked(staff)
    id = receipts["Stool"]["id"]
    async with staff.socket() as socket:
        await socket.subscribe("1", FOLLOW, id=id, token=receipts["Stool"]["consistencyToken"])
        [now] = await socket.nexts("1", 1)
        assert now["productChanged"]["version"] == 1
        await staff.receipt("changeProductPrice", productId=id, price={"amount": "44.00", "currencyCode": "EUR"})
        [changed] = await socket.nexts("1", 1)
        assert changed["productChanged"]["price"] == {"amount": "44.00"}
        await staff.place_order(await staff.register_customer(), id)
        [sold] = await socket.nexts("1", 1)
        assert (sold["productChanged"]["version"], sold["productChanged"]["available"]) == (3, 0)


@pytest.mark.parametrize("id", ["prd_" + "0" * 28, "ord_" + "0" * 28, ""])
async def test_a_product_that_there_is_not_cannot_be_followed(staff: Client, id: str) -> None:
    async with staff.socket() as socket:
        await socket.subscribe("1", "subscription($id: ID!) { productChanged(productId: $id) { id } }", id=id)
        message = await socket.receive()
        assert message["type"] == "error"
        assert [error["extensions"]["code"] for error in message["payload"]] == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    "query",
    [
        f'{{ products(search: "{"x" * 201}") {{ totalCount }} }}',
        '{ products(search: "a b c d e f g h i") { totalCount } }',
        "{ products(first: 101) { totalCount } }",
        "{ topProducts(first: 101) { name } }",
        "{ topProducts(first: -1) { name } }",
        '{ products(orderBy: NEWEST, after: "x", filter: {minPrice: "1"}) { totalCount } }',
    ],
)
async def test_a_list_that_makes_no_sense_is_refused(staff: Client, query: str) -> None:
    assert await staff.codes(query) == ["BAD_USER_INPUT"]


async def test_strange_filters_find_nothing_and_harm_nobody(staff: Client) -> None:
    for filter in (
        {"category": ""},
        {"category": "x" * 10_000},
        {"category": "{p1}\n"},
        {"minPrice": "9" * 18},
        {"maxPrice": "-1"},
        {"minPrice": "2", "maxPrice": "1"},
    ):
        assert await found(staff, filter=filter) == []
