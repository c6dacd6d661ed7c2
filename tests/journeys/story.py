"""A shop's small story, told to a running system: who acts, what was made, and how an operation reaches the system."""

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from api.access import ACCESS, Who
from tests.journeys.walk import Arguments, Walk
from tests.system import ADDRESS, Client, System


@dataclass
class Story:
    """What happened so far; things have names here, and are known by the last receipt that they gave."""

    system: System
    staff: Client
    walk: Walk
    ada: Client | None = None
    """The customer who acts, once they are registered."""
    receipts: dict[str, dict[str, Any]] = field(default_factory=dict)
    inputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By thing: the last command's."""
    cursors: dict[str, str] = field(default_factory=dict)
    asked: dict[tuple[str, str], Arguments] = field(default_factory=dict)
    """By root field: what it was asked with last."""

    def id(self, thing: str) -> str:
        return str(self.receipts[thing]["id"])

    def on(self, thing: str) -> dict[str, Any]:
        """What names a thing in an input, at the version that was seen last."""
        kind = {"cus": "customerId", "prd": "productId", "ord": "orderId"}[self.id(thing).partition("_")[0]]
        return {kind: self.id(thing), "expectedVersion": self.receipts[thing]["version"]}

    @property
    def tokens(self) -> list[str]:
        return [receipt["consistencyToken"] for receipt in self.receipts.values()]

    def those_who_may(self, root: str, name: str) -> list[Client]:
        """The customer wherever customers may, and staff."""
        for_staff = ACCESS[root][name].who is Who.STAFF
        return [self.staff] if for_staff or self.ada is None else [self.ada, self.staff]

    def operation(self, root: str, name: str, arguments: Arguments) -> tuple[str, dict[str, Any]]:
        """The operation, which is remembered; what can wait for all that happened does."""
        if "consistentWith" in self.walk.arguments_of(root, name):
            arguments = {**arguments, "consistentWith": self.tokens}
        self.asked[root, name] = arguments
        self.walk.sent(root, name, arguments)
        return self.walk.operation(root, name, arguments)

    async def ask(self, client: Client, root: str, name: str, arguments: Arguments) -> Any:
        """The answer of a query's or a mutation's field."""
        document, variables = self.operation(root, name, arguments)
        data = await client.data(document, **variables)
        self.walk.answered(root, data)
        return data[name]

    async def send(self, sent: "Sent") -> None:
        """A command, which must be accepted."""
        input = sent.input(self)
        client = self.staff if sent.by_staff else self.those_who_may("Mutation", sent.mutation)[0]
        arguments = {"input": input, "idempotencyKey": self.system.unique("key"), **WAIT}
        result = await self.ask(client, "Mutation", sent.mutation, arguments)
        assert result["userErrors"] == [], (sent.mutation, result)
        assert result["receipt"]["projected"] is True
        self.receipts[sent.thing], self.inputs[sent.thing] = result["receipt"], input

    async def refusal(
        self, client: Client, mutation: str, input: dict[str, Any], *, key: str | None = None
    ) -> list[str]:
        """The codes with which a command is refused."""
        document, variables = self.walk.operation("Mutation", mutation, {"input": input, "idempotencyKey": key})
        result = (await client.data(document, **variables))[mutation]
        assert result["receipt"] is None
        return [error["code"] for error in result["userErrors"]]

    async def over_socket(self, client: Client, name: str, arguments: Arguments) -> Any:
        """What a subscription says first, over WebSocket."""
        document, variables = self.operation("Subscription", name, arguments)
        async with client.socket() as socket:
            await socket.subscribe("1", document, **variables)
            [data] = await socket.nexts("1", 1)
        self.walk.answered("Subscription", data)
        return data[name]

    async def over_events(self, client: Client, name: str, arguments: Arguments) -> Any:
        """What a subscription says first, as server-sent events."""
        document, variables = self.operation("Subscription", name, arguments)
        async with aclosing(client.events(document, **variables)) as events:
            kind, answer = await anext(events)
        assert (kind, answer.keys()) == ("next", {"data"}), answer
        return answer["data"][name]


class Sent(NamedTuple):
    """A command to be sent, and the thing that it creates or changes."""

    mutation: str
    thing: str
    input: Callable[[Story], dict[str, Any]]
    by_staff: bool = False


WAIT: Arguments = {"CommandReceipt.projected": {"timeoutMs": 10_000}}


def money(amount: str, currency: str = "EUR") -> dict[str, str]:
    return {"amount": amount, "currencyCode": currency}


def a_customer(story: Story, name: str) -> dict[str, Any]:
    return {"name": name, "email": f"{story.system.unique('walk')}@example.com"}


def a_product(story: Story, name: str) -> dict[str, Any]:
    return {
        "sku": story.system.unique("walk").upper(),
        "name": name,
        "description": "Two lines\nof text.",
        "category": "Walk",
        "price": money("4.50"),
        "initialStock": 100,
    }


def an_order(story: Story, quantity: int = 1) -> dict[str, Any]:
    lines = [{"productId": story.id("tea"), "quantity": quantity}]
    return {"customerId": story.id("ada"), "lines": lines, "shippingAddress": ADDRESS}
