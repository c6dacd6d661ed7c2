"""Compiled or executed, a mutation sends the same command and answers the same, whatever comes of it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.context import Context
from api.documents import LONGEST_KEPT
from api.schema import schema
from read_model.errors import StandsStill
from tests.api.compiled.edge import Edge
from tests.api.compiled.requests import Request, mutations
from tests.api.compiled.test_same_answers import EVER
from write_model.orders.order import QuantityTooLarge
from write_model.ports import Actor, Command, Receipt
from write_model.products.product import ProductNotFound
from write_model.rejection import Busy, Unavailable
from write_model.startup import WriteModel

AT: Final = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
ORDER: Final = f"ord_{'1' * 28}"
COMMAND: Final = f"cmd_{'2' * 28}"
OUTCOMES: Final[dict[str, Receipt | Exception]] = {
    "committed": Receipt(COMMAND, ORDER, 3, "token", AT, replayed=False),
    "replayed": Receipt(COMMAND, ORDER, 3, "token", AT, replayed=True),
    "queued": Receipt(COMMAND, COMMAND, 1, "token", AT, replayed=False),
    "refused": ProductNotFound(id="prd_1", field=("input", "lines", "0", "productId")),
    "refused as a whole": QuantityTooLarge(most=10, wanted=11),
    "unavailable": Unavailable("nobody must read this"),
    "busy": Busy("Too many commands are waiting, send it again in a moment."),
    "broken": RuntimeError("nobody must read this"),
}
TEXTS: Final = ["Ada", "", " x ", 'Ö "q"', "x" * 300]
POOL: Final[dict[str, list[Any]]] = {
    **{name: [f"<{kind}{n}>" for n in range(3)] * 3 + ["nonsense"]
       for name, kind in {"customerId": "customer", "orderId": "order", "productId": "product"}.items()},
    **dict.fromkeys(("name", "sku", "description", "category", "recipient", "street", "city", "postalCode"), TEXTS),
    **dict.fromkeys(("carrier", "trackingNumber", "idempotencyKey"), TEXTS),
    "email": ["ada@example.org", "ada", ""],
    "countryCode": ["DE", "de", "Germany"],
    "currencyCode": [*["EUR", "USD"] * 5, "eur"],
    "amount": [*["1.50", 2, "0", "-1", "1e3"] * 4, "much"],
    **{name: [1, 2, 10_000, 0, -1, 10_001] for name in ("quantity", "initialStock", "expectedVersion")},
    "timeoutMs": [0, 5, 2_000, 10_000, 0, 5, 2_000, 10_000, 10_001, -1],
}  # fmt: skip

_numbers: Final = count(1)


@dataclass
class Commands:
    """What was sent, and what comes of it."""

    outcome: Receipt | Exception = OUTCOMES["committed"]
    sent: list[tuple[Command, Actor, str | None]] = field(default_factory=list)
    planned: int = 0
    asked: int = 0

    async def dispatch(
        self, command: Command, actor: Actor, *, idempotency_key: str | None = None, trace: str | None = None
    ) -> Receipt:
        self.sent.append((command, actor, idempotency_key))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def taken(self) -> list[tuple[Command, Actor, str | None]]:
        """What was sent since this was asked last."""
        sent, self.sent = self.sent, []
        return sent


@pytest.fixture(scope="module")
def commands() -> Iterator[Commands]:
    commands = Commands()

    async def reached(context: Context, token: str, seconds: float) -> bool:
        if seconds == 0.005:
            raise StandsStill(seconds=1, partitions="0")
        return seconds > 1

    with pytest.MonkeyPatch.context() as patch:
        for way in ("dispatch", "queue"):
            patch.setattr(WriteModel, way, lambda _, *command, **named: commands.dispatch(*command, **named))
        patch.setattr(Context, "reached", reached)
        yield commands
    # Lest the same errors are taken for the same answers.
    assert commands.planned > commands.asked / 4, commands


@pytest.mark.timeout(600)
@EVER
@given(
    request=mutations(schema._schema, POOL),
    outcome=st.sampled_from(sorted(OUTCOMES)),
    caller=st.sampled_from([*["staff"] * 8, "customer0", "nobody"]),
    method=st.sampled_from([*["POST"] * 9, "GET"]),
    prefers=st.sampled_from([*[None] * 9, "respond-async"]),
)
async def test_a_mutation_has_the_same_outcome_both_ways(
    edge: Edge, commands: Commands, request: Request, outcome: str, caller: str, method: str, prefers: str | None
) -> None:
    commands.outcome = OUTCOMES[outcome]
    document = f"{edge.resolve(request.document)} # {next(_numbers)}"
    asked: dict[str, Any] = {
        "variables": json.loads(edge.resolve(json.dumps(request.variables))) or None,
        "operationName": request.operation_name,
        "extensions": {"prefer": prefers} if prefers else None,
    }
    await edge.ask(method, caller, query=document, **asked)
    # What is so long is not kept, and executed for ever.
    commands.taken()
    executed = await edge.ask(method, caller, query=document.ljust(LONGEST_KEPT + 1), **asked)
    sent, before = commands.taken(), edge.view.answers.planned
    compiled = await edge.ask(method, caller, query=document, **asked)
    assert compiled.content == executed.content
    assert (compiled.status_code, compiled.headers) == (executed.status_code, executed.headers)
    assert commands.taken() == sent
    commands.asked += 1
    commands.planned += edge.view.answers.planned - before


PLACE: Final = (
    "mutation P($input: PlaceOrderInput!) { placeOrder(input: $input) { receipt { id } userErrors { code } } }"
)
INPUT: Final = {
    "customerId": "<customer0>",
    "lines": [{"productId": "<product0>", "quantity": 2}],
    "shippingAddress": {"recipient": "A", "street": "B", "city": "C", "postalCode": "1", "countryCode": "DE"},
}


@pytest.mark.parametrize("outcome", OUTCOMES)
async def test_a_command_is_sent_once_whatever_comes_of_it(edge: Edge, commands: Commands, outcome: str) -> None:
    commands.outcome = OUTCOMES[outcome]
    body = {"query": PLACE, "variables": json.loads(edge.resolve(json.dumps({"input": INPUT})))}
    await edge.ask("POST", "staff", **body)
    commands.taken()
    before = edge.view.answers.planned
    await edge.ask("POST", "staff", **body)
    commands.asked += 1
    commands.planned += edge.view.answers.planned - before
    assert edge.view.answers.planned == before + 1
    assert len(commands.taken()) == 1
