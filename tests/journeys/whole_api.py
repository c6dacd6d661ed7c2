"""The whole API, once: every command, query and subscription, with all that can be asked of it.

The operations are made from the published schema; what they are sent stands in the tables here.
"""

import base64
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from graphql import GraphQLEnumType, build_schema

from tests.journeys.story import Sent, Story, a_customer, a_product, an_order, money
from tests.journeys.walk import Arguments
from tests.system import ADDRESS, Client, customer_token
from write_model.contracts.given_up import member_of
from write_model.contracts.streams import Position

SCHEMA = build_schema(Path(__file__).parents[2].joinpath("docs", "schema.graphql").read_text(encoding="utf-8"))


def cancelled(reason: str, *, by_staff: bool = False) -> list[Sent]:
    """An order that is placed, and cancelled for that reason."""
    name = f"cancelled: {reason}"
    return [
        Sent("placeOrder", name, an_order),
        Sent("cancelOrder", name, lambda story: {**story.on(name), "reason": reason}, by_staff),
    ]


COMMANDS: list[Sent] = [
    Sent("registerCustomer", "ada", lambda story: a_customer(story, "Ada Lovelace")),
    Sent("updateCustomerProfile", "ada", lambda story: {**story.on("ada"), **a_customer(story, "Ada King")}),
    Sent("registerCustomer", "bob", lambda story: a_customer(story, "Bob")),
    Sent("deactivateCustomer", "bob", lambda story: story.on("bob")),
    Sent("reactivateCustomer", "bob", lambda story: story.on("bob")),
    Sent("deactivateCustomer", "bob", lambda story: story.on("bob")),
    # The catalogue.
    Sent("addProduct", "tea", lambda story: a_product(story, "Green tea")),
    Sent("updateProductDetails", "tea", lambda story: {
        **story.on("tea"), "name": "Sencha", "description": "Green.", "category": "Walk",
    }),
    Sent("changeProductPrice", "tea", lambda story: {**story.on("tea"), "price": money("4.90")}),
    Sent("restockProduct", "tea", lambda story: {"productId": story.id("tea"), "quantity": 50}),
    Sent("addProduct", "cup", lambda story: a_product(story, "Cup")),
    Sent("addProduct", "pot", lambda story: a_product(story, "Tea pot")),
    Sent("discontinueProduct", "pot", lambda story: story.on("pot")),
    # A basket that becomes an order and arrives.
    Sent("createOrder", "basket", lambda story: {"customerId": story.id("ada")}),
    Sent("addOrderItem", "basket", lambda story: {
        **story.on("basket"), "productId": story.id("tea"), "quantity": 1,
    }),
    Sent("addOrderItem", "basket", lambda story: {
        **story.on("basket"), "productId": story.id("cup"), "quantity": 1,
    }),
    Sent("changeOrderItemQuantity", "basket", lambda story: {
        **story.on("basket"), "productId": story.id("tea"), "quantity": 3,
    }),
    Sent("removeOrderItem", "basket", lambda story: {**story.on("basket"), "productId": story.id("cup")}),
    Sent("submitOrder", "basket", lambda story: {**story.on("basket"), "shippingAddress": ADDRESS}),
    Sent("confirmOrder", "basket", lambda story: story.on("basket")),
    Sent("shipOrder", "basket", lambda story: {**story.on("basket"), "carrier": "DHL", "trackingNumber": "JD01"}),
    Sent("deliverOrder", "basket", lambda story: story.on("basket")),
    # Orders that come to nothing, and a basket that stays one.
    *cancelled("CUSTOMER_REQUEST"),
    *cancelled("OTHER"),
    *cancelled("PAYMENT_FAILED", by_staff=True),
    *cancelled("FRAUD", by_staff=True),
    Sent("createOrder", "draft", lambda story: {"customerId": story.id("ada")}),
]  # fmt: skip

NOWHERE = base64.urlsafe_b64encode(f"0:{member_of('', Position(1, 1))}".encode()).decode().rstrip("=")
"""After it comes all that is parked."""

# Beside these, everything is found by its id (`BY_ID`), and every list is paged through in each of its orders.
QUERIES: list[tuple[str, Callable[[Story], Arguments]]] = [
    ("me", lambda story: {"Customer.orders": {
        "first": 2, "after": story.cursors["orders"], "orderBy": "NEWEST", "filter": {"status": "CANCELLED"},
    }}),
    ("me", lambda story: {"Customer.orders": {"last": 2, "before": story.cursors["orders"]}}),
    ("customers", lambda story: {"search": "ada kin"}),
    ("products", lambda story: {"search": "senc", "filter": {
        "category": "Walk", "minPrice": "1.00", "maxPrice": "9.00", "inStock": True, "includeDiscontinued": True,
    }}),
    ("categories", lambda story: {}),
    ("orders", lambda story: {"filter": {
        "customerId": story.id("ada"), "status": "DELIVERED",
        "createdFrom": "2026-01-01T00:00:00Z", "createdBefore": "2100-01-01T00:00:00Z",
    }}),
    ("salesByDay", lambda story: {"from": str(today() - timedelta(days=7)), "to": str(today() + timedelta(days=1))}),
    ("topProducts", lambda story: {"first": 3}),
    ("orderCounts", lambda story: {}),
    ("projection", lambda story: {}),
    ("operations", lambda story: {}),
    ("parkedEvents", lambda story: {"first": 1, "after": NOWHERE}),
    ("parkedEvent", lambda story: {"id": "1-1"}),
    ("orderHistory", lambda story: {"id": story.id("basket"), "first": 3, "after": "1"}),
]  # fmt: skip
# What is asked of the projectors; in this story nothing is parked.
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("retryParked", {"id": "1-1"}),
    ("discardParked", {"id": "1-1", "why": "There is no such event."}),
    ("rebuild", {"partitions": [0], "eventsPerSecond": 100_000.0}),
]
# Sent with `Prefer: respond-async` by the customer, who then follows them: one is committed, one is rejected.
QUEUED: list[Sent] = [
    Sent("createOrder", "queued", lambda story: {"customerId": story.id("ada")}),
    Sent("placeOrder", "queued in vain", lambda story: {
        **an_order(story), "lines": [{"productId": story.id("tea"), "quantity": 10_000}],
    }),
]  # fmt: skip
BY_ID = {"cus": "customer", "prd": "product", "ord": "order"}
LISTS = ("customers", "products", "orders")

# Each says something at once: what has happened, or what there is.
SUBSCRIPTIONS: list[tuple[str, Callable[[Story], Arguments]]] = [
    ("orderStatusChanged", lambda story: {"orderId": story.id("basket"), "afterVersion": 0}),
    ("ordersChanged", lambda story: {
        "customerId": story.id("ada"), "statuses": ["DRAFT", "CANCELLED"], "after": story.cursors["ordersChanged"],
    }),
    ("productChanged", lambda story: {"productId": story.id("tea")}),
]  # fmt: skip


async def tell(story: Story, clients: AsyncExitStack) -> None:
    """All that the tables say, done by those who may."""
    for sent in COMMANDS:
        await story.send(sent)
        if sent.thing == "ada" and story.ada is None:
            story.ada = await clients.enter_async_context(story.system.client(customer_token(story.id("ada"))))
    broken = {"input": {"name": "", "email": "nobody"}}
    assert (await story.ask(story.staff, "Mutation", "registerCustomer", broken))["userErrors"]
    for thing in story.receipts:
        for name in ("node", BY_ID[story.id(thing).partition("_")[0]]):
            for client in [story.staff] if thing == "bob" else story.those_who_may("Query", name):
                found = await story.ask(client, "Query", name, {"id": story.id(thing)})
                assert found["id"] == story.id(thing)
    for name in LISTS:
        for client in story.those_who_may("Query", name):
            await page_through(story, client, name)
    for name, arguments in QUERIES:
        for client in story.those_who_may("Query", name):
            await story.ask(client, "Query", name, arguments(story))
    for name, input in REQUESTS:
        await story.ask(story.staff, "Mutation", name, {"input": input})
    await watch(story)
    for sent in QUEUED:
        await queue(story, sent)
    await hear_of_the_next_change(story)
    for name, arguments in SUBSCRIPTIONS:
        for client in story.those_who_may("Subscription", name):
            over_socket = await story.over_socket(client, name, arguments(story))
            assert await story.over_events(client, name, arguments(story)) == over_socket


async def watch(story: Story) -> None:
    """See the system at work, and an event of it go by."""
    assert (await story.over_socket(story.staff, "operationsChanged", {}))["partitions"]
    assert (await story.over_events(story.staff, "operationsChanged", {}))["partitions"]
    wanted = {"type": "StockReserved", "aggregateId": story.id("tea")}
    assert await story.over_events(story.staff, "eventsPassing", wanted) == await story.over_socket(
        story.staff, "eventsPassing", wanted
    )
    document, variables = story.operation("Subscription", "eventsPassing", wanted)
    async with story.staff.socket() as socket:
        await socket.subscribe("1", document, **variables)
        await socket.nexts("1", 1)
        await story.send(Sent("placeOrder", "seen", an_order))
        [seen] = await socket.nexts("1", 1)
    story.walk.answered("Subscription", seen)
    [event] = seen["eventsPassing"]["events"]
    assert (event["type"], event["aggregateId"]) == ("StockReserved", story.id("tea"))


async def queue(story: Story, sent: Sent) -> None:
    """A command to be run later, and its outcome in every way in which its sender can learn it."""
    assert story.ada is not None
    async with story.system.client(story.ada.token, prefer="respond-async") as patient:
        arguments = {"input": sent.input(story), "idempotencyKey": story.system.unique("key")}
        taken = await story.ask(patient, "Mutation", sent.mutation, arguments)
    command = {"id": taken["queued"]["commandId"]}
    outcome = await story.over_socket(story.ada, "commandSettled", command)
    assert await story.over_events(story.ada, "commandSettled", command) == outcome
    assert await story.ask(story.ada, "Query", "command", command) == outcome


async def page_through(story: Story, client: Client, name: str) -> None:
    """The first page of a list, the next one, and back, in each of its orders."""
    orders = values_of(f"{name.removesuffix('s').capitalize()}Order") if name != "customers" else [None]
    for order in orders:
        sorted_by = {"orderBy": order} if order else {}
        page = await story.ask(client, "Query", name, {"first": 1, **sorted_by})
        story.cursors[name] = page["pageInfo"]["endCursor"]
        onward = await story.ask(client, "Query", name, {"first": 1, "after": story.cursors[name], **sorted_by})
        start = onward["pageInfo"]["startCursor"]
        back = await story.ask(client, "Query", name, {"last": 1, "before": start, **sorted_by})
        assert back["nodes"] == page["nodes"] != onward["nodes"]


async def hear_of_the_next_change(story: Story) -> None:
    """Subscribe, change an order, and keep the cursor of what is heard; then change another, which was missed."""
    assert story.ada is not None
    document, variables = story.operation("Subscription", "ordersChanged", {})
    async with story.ada.socket() as socket:
        await socket.subscribe("1", document, **variables)
        # A subscription's beginning has no answer: the answer to what is asked after it tells that it began.
        await socket.subscribe("2", "{ projection { parkedEvents } }")
        await socket.nexts("2", 1)
        assert (await socket.receive())["type"] == "complete"
        await story.send(Sent("placeOrder", "heard of", an_order))
        [heard] = await socket.nexts("1", 1)
    assert heard["ordersChanged"]["orderId"] == story.id("heard of")
    story.walk.answered("Subscription", heard)
    story.cursors["ordersChanged"] = heard["ordersChanged"]["cursor"]
    for sent in cancelled("OTHER"):
        await story.send(sent)


def today() -> date:
    return datetime.now(UTC).date()


def values_of(enum: str) -> list[str]:
    type_ = SCHEMA.type_map[enum]
    assert isinstance(type_, GraphQLEnumType)
    return list(type_.values)
