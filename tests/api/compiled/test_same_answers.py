"""Compiled or executed, a query has the same answer: byte for byte, whatever it asks and whatever is wrong with it.

By default these are a few hundred requests, the same ones each time. `ORDERSTREAM_QUERIES=5000` in the environment
tries so many new ones, and looks for the smallest that differs.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from api.schema import schema
from tests.api.compiled.edge import Edge
from tests.api.compiled.requests import Request, requests
from write_model.contracts.streams import Position, Token

QUERIES: Final = int(os.environ.get("ORDERSTREAM_QUERIES", "0"))
A_FEW: Final = settings(max_examples=200, derandomize=True, database=None, phases=[Phase.generate])
MANY: Final = settings(max_examples=QUERIES or 1, phases=[Phase.generate, Phase.shrink], print_blob=True)
EVER: Final = settings(
    MANY if QUERIES else A_FEW,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)

_numbers: Final = count(1)


def some(kind: str, many: int) -> list[Any]:
    """Ids of a kind; one of nothing, and something that is no id of the kind."""
    return [f"<{kind}{n}>" for n in range(many)] * 3 + [f"{kind[:3]}_{'0' * 28}", "nonsense"]


def cursors(kind: str) -> list[Any]:
    """Cursors of a list, and something that is none."""
    return [f"<{kind}_cursor{n}>" for n in range(4)] * 4 + ["garbage"]


NEVER: Final = Token.at(Position(2**45, 0), (0,)).encode()
NOWHERE: Final = Token.at(Position(1, 0), (999,)).encode()
LISTS: Final = {"orders": "order", "customers": "customer", "products": "product"}
MOMENTS: Final = ["2026-11-20T09:30:05Z", "2026-11-20T10:30:12.5+01:00", "1900-01-01T00:00:00Z", "yesterday"]
DAYS: Final = ["2026-11-19", "2026-11-20", "2026-11-22", "2024-01-01", "20.11.2026"]

# Values that mean something, and some that do not, by the name of the argument or of the field of an input.
POOL: Final[dict[str, list[Any]]] = {
    "order.id": [*some("order", 20), 7],
    "customer.id": some("customer", 4),
    "product.id": some("product", 7),
    "command.id": some("command", 3)[:-2],
    "orderHistory.id": some("order", 20),
    "orderHistory.after": ["0", "1", "2", "1000", "garbage"],
    "parkedEvent.id": [*["<parked>", "<order4>"] * 5, "1-1", "nonsense"],
    "parkedEvents.after": ["<parked_cursor>", "garbage"],
    "node.id": [*some("order", 20), *some("customer", 4) * 3, *some("product", 7), *some("command", 3)],
    "customerId": some("customer", 4),
    "consistentWith": ["<token>"] * 30 + [NEVER, NOWHERE, "!"],
    "first": [0, 1, 2, 3, 5, 100] * 2 + [101],
    "last": [0, 1, 2, 3, 100] * 2 + [-1],
    **{f"{field}.{argument}": cursors(kind) for field, kind in LISTS.items() for argument in ("after", "before")},
    "search": ["", "lamp", "ada", "a", "nothing", 'Ö "q', "l 1", "a b c d e f g h i"],
    "from": DAYS,
    "to": DAYS,
    "createdFrom": MOMENTS,
    "createdBefore": MOMENTS,
    "category": ["Light", "None", "\n"],
    "minPrice": ["0", "0.03", 0, "1e3"],
    "maxPrice": ["0.05", "5", 5],
    "inStock": [True, False],
    "includeDiscontinued": [True, False],
}
ACCEPTS: Final = ("*/*", "application/json", "application/graphql-response+json, application/json;q=0.9")
CALLERS: Final = (*["staff"] * 12, *["customer0", "customer1"] * 2, "nobody")


@dataclass
class Tally:
    """How the requests went."""

    asked: int = 0
    planned: int = 0


@pytest.fixture(scope="module")
def tally() -> Iterator[Tally]:
    tally = Tally()
    yield tally
    # Lest the same errors are taken for the same answers.
    assert tally.planned > tally.asked / 2, tally


@pytest.mark.timeout(60 + QUERIES if QUERIES else 300)
@EVER
@given(
    request=requests(schema._schema, POOL),
    caller=st.sampled_from(CALLERS),
    method=st.sampled_from(("POST", "GET")),
    accept=st.sampled_from(ACCEPTS),
)
async def test_a_query_has_the_same_answer_both_ways(
    edge: Edge, tally: Tally, request: Request, caller: str, method: str, accept: str
) -> None:
    asked = {
        "query": f"{edge.resolve(request.document)} # {next(_numbers)}",
        "variables": json.loads(edge.resolve(json.dumps(request.variables))) or None,
        "operationName": request.operation_name,
    }
    # Executed when it comes for the first time, and then compiled.
    executed = await edge.ask(method, caller, accept, **asked)
    before = edge.view.answers.planned
    compiled = await edge.ask(method, caller, accept, **asked)
    assert compiled.content == executed.content
    assert (compiled.status_code, compiled.headers) == (executed.status_code, executed.headers)
    tally.asked += 1
    tally.planned += edge.view.answers.planned - before
