"""An operation asks for no more than it may: what it asks for is measured before it runs, and said."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from graphql import get_introspection_query, parse

from api.limits import Measures, measure
from api.pages.examples import EXAMPLES
from api.repetition import TooRepetitive, check_repetition
from api.schema import schema
from api.settings import ApiSettings
from tests.api.processes import another_api
from tests.system import ADDRESS, SECRET, Client, System

ROOT = Path(__file__).parents[2]


def measured(document: str, name: str | None = None) -> Measures:
    return measure(schema._schema, parse(document))[name]


def cost(document: str, **variables: Any) -> int:
    return measured(document).cost.of(variables)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("{ __typename }", 0),
        ('{ order(id: "x") { id status version } }', 1),
        ('{ order(id: "x") { total { amount } lines { unitPrice { amount } } } }', 4),
        ("{ orders { totalCount } }", 1),
        ("{ orders { nodes { id } } }", 1 + 20),
        ("{ orders(first: 5) { pageInfo { endCursor } nodes { id total { amount } } } }", 1 + 1 + 5 * 2),
        ("{ orders(last: 3) { edges { cursor node { id } } } }", 1 + 3 * 2),
        ("{ topProducts { unitsSold } }", 10),
        ("{ topProducts(first: 3) { unitsSold } }", 3),
        ("{ customers(first: 4) { nodes { orders(first: 5) { nodes { id } } } } }", 1 + 4 * (1 + 1 + 5)),
        ('mutation { confirmOrder(input: {orderId: "x"}) { receipt { id } userErrors { code } } }', 10 + 3),
        ('subscription { orderStatusChanged(orderId: "x") { version } }', 10 + 1),
    ],
)
def test_an_object_costs_one_and_a_page_its_size_in_rows(document: str, expected: int) -> None:
    assert cost(document) == expected


def test_what_varies_costs_what_the_variables_say() -> None:
    document = """query($a: Int = 7, $b: Int, $c: Int) {
        customers(first: $a) { nodes { orders(first: $b) { ...Page } } }
        products(last: $c) { nodes { id } }
    }
    fragment Page on OrderConnection { nodes { id total { amount } } }"""
    assert cost(document) == 1 + 7 * (1 + 1 + 20 * 2) + 1 + 20
    assert cost(document, a=2, b=3, c=0) == 1 + 2 * (1 + 1 + 3 * 2) + 1
    assert cost(document, a=None, b=0, c=1) == 1 + 20 * (1 + 1) + 1 + 1


@pytest.mark.parametrize("size", [10**12, -5, 1.5, True, "many", None])
def test_no_variable_makes_a_page_larger_than_a_page_may_be(size: object) -> None:
    assert 1 <= cost("query($n: Int) { orders(first: $n) { nodes { id } } }", n=size) <= 1 + 100


def test_fragments_count_each_time_and_are_measured_once() -> None:
    doubling = " ".join(f"fragment F{n} on Order {{ ...F{n + 1} ...F{n + 1} }}" for n in range(120))
    document = f'{{ order(id: "x") {{ ...F0 }} }} {doubling} fragment F120 on Order {{ a: total {{ amount }} }}'
    found = measured(document)
    assert found.aliases == 2**120
    assert found.cost.of({}) == 1 + 2**120
    assert found.depth == 3


def test_a_connection_in_a_fragment_has_the_size_of_each_page() -> None:
    document = """{ a: orders(first: 2) { ...Page } b: orders(first: 3) { ...Page } }
        fragment Page on OrderConnection { nodes { id } }"""
    assert cost(document) == (1 + 2) + (1 + 3)


def test_each_operation_is_measured_by_itself() -> None:
    document = "query A { a: orders { totalCount } } query B @include(if: true) { orders { pageInfo { endCursor } } }"
    a, b = measured(document, "A"), measured(document, "B")
    assert (a.aliases, a.root_fields, a.directives, a.depth) == (1, 1, 0, 2)
    assert (b.aliases, b.root_fields, b.directives, b.depth) == (0, 1, 1, 3)


ROWS = "orders { nodes { customer { name } } }"
FRAGMENTS = range(90)
REPETITIVE = {
    "side by side": "{ me { " + f"{ROWS} " * 190 + "} }",
    "in fragments without a name": "{" + "... { me { id } } " * 280 + "}",
    "in fragments": "{ me {" + " ".join(f"...F{n}" for n in FRAGMENTS) + "} }"
    + " ".join(f"fragment F{n} on Customer {{ {ROWS} }}" for n in FRAGMENTS),
    "in circles": "{ me { ...F } } fragment F on Customer { orders { nodes { customer { ...F ...F } } } }",
    "what there is not": "{" + "nothing " * 1_900 + "}",
}  # fmt: skip


@pytest.mark.parametrize("document", REPETITIVE.values(), ids=REPETITIVE)
async def test_what_would_be_validated_for_long_is_not(staff: Client, nobody: Client, document: str) -> None:
    with pytest.raises(TooRepetitive):
        check_repetition(parse(document))
    for client in (staff, nobody):
        assert await client.codes(document) == ["GRAPHQL_VALIDATION_FAILED"]


def test_fragments_of_honest_clients_have_fields_in_common() -> None:
    fragments = " ".join(f"fragment F{n} on Customer {{ __typename id {ROWS} }}" for n in range(25))
    check_repetition(parse("{ me {" + " ".join(f"...F{n}" for n in range(25)) + "} } " + fragments))
    check_repetition(parse(get_introspection_query(input_value_deprecation=True)))


def published() -> list[str]:
    """The operations that readers find."""
    pages = [ROOT / "README.md", ROOT / "docs" / "frontend.md"]
    shown = [text for page in pages for text in re.findall(r"```graphql\n(.*?)```", page.read_text(), re.DOTALL)]
    code = (ROOT / "docs" / "recipes" / "operations.js").read_text()
    return [*shown, *re.findall(r"`\s*((?:query|mutation|subscription) .*?)`;", code, re.DOTALL), EXAMPLES]


@pytest.mark.parametrize("text", published(), ids=lambda text: " ".join(text.split()[:2]))
def test_what_is_published_is_far_from_every_limit(text: str) -> None:
    settings = ApiSettings.model_validate(
        {"auth_secret": SECRET, "max_cost": 5_000, "max_depth": 10, "max_aliases": 20}
    )
    for measures in measure(schema._schema, parse(text)).values():
        measures.check(settings)
        measures.check_cost(measures.cost.of({"first": 100, "last": 100}), settings)


LIMITS = {"MAX_DEPTH": "4", "MAX_ALIASES": "2", "MAX_ROOT_FIELDS": "3", "MAX_DIRECTIVES": "2", "MAX_COST": "50"}


@pytest.fixture(scope="module")
async def strict(system: System, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Client]:
    log: Path = tmp_path_factory.mktemp("strict") / "log"
    settings = {**LIMITS, "MAX_TOKENS": "200"}
    async with another_api(system, log, **settings) as (other, _), other.staff as staff:
        yield staff


@pytest.mark.parametrize(
    ("query", "found", "setting"),
    [
        ("{ orders { nodes { total { amount } } } }", "", ""),
        ("{ customers(first: 1) { nodes { orders(first: 1) { nodes { id } } } } }", "5 levels", "MAX_DEPTH"),
        ("{ a: __typename b: __typename c: __typename }", "3 aliases", "MAX_ALIASES"),
        ("{ __typename me { id } orders { totalCount } products { totalCount } }", "4 fields", "MAX_ROOT_FIELDS"),
        ("{ __typename @skip(if: false) @include(if: true) me @skip(if: true) { id } }", "3 directives", "MAX_DIR"),
        ("{ orders(first: 50) { nodes { id } } }", "costs 51", "MAX_COST"),
    ],
)
async def test_an_operation_over_a_limit_is_refused_with_the_number_the_limit_and_the_setting(
    strict: Client, query: str, found: str, setting: str
) -> None:
    for _ in range(3):  # known or not
        answer = await strict.run(query)
        if not setting:
            assert "errors" not in answer
            continue
        [error] = answer["errors"]
        assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        assert found in error["message"]
        assert setting in error["message"]


async def test_a_cost_that_the_variables_make_is_their_fault(strict: Client) -> None:
    query = "query($n: Int!) { orders(first: $n) { nodes { id } } }"
    for _ in range(3):
        assert await strict.codes(query, n=20) == []
        assert await strict.codes(query, n=50) == ["BAD_USER_INPUT"]


async def test_a_document_has_as_many_tokens_as_it_may(strict: Client) -> None:
    def query(tokens: int) -> str:
        return "{ orders(consistentWith: [" + '"!" ' * (tokens - 12) + "]) { totalCount } }"

    assert "GRAPHQL_VALIDATION_FAILED" in await strict.codes(query(200))
    assert await strict.codes(query(201)) == ["GRAPHQL_PARSE_FAILED"]


async def test_a_mutation_over_a_limit_sends_nothing(strict: Client, staff: Client) -> None:
    customer, product = await staff.register_customer(), await staff.add_product()
    order = {"customerId": customer, "lines": [{"productId": product, "quantity": 1}], "shippingAddress": ADDRESS}
    query = """mutation($order: PlaceOrderInput!) {
        placeOrder(input: $order) { receipt { id } } a: __typename b: __typename c: __typename
    }"""
    assert await strict.codes(query, order=order) == ["GRAPHQL_VALIDATION_FAILED"]
    count = "query($id: ID!) { customer(id: $id) { orderCount } }"
    assert (await staff.data(count, id=customer))["customer"]["orderCount"] == 0


async def test_an_answer_says_what_it_has_cost(staff: Client) -> None:
    query = "{ orders(first: 3) { nodes { id } } }"
    for _ in range(3):  # executed, compiled, and by its plan
        answer = (await staff.http.post("/graphql", json={"query": query})).json()
        assert answer["extensions"] == {"cost": {"requested": 4}}
    async with staff.socket() as socket:
        await socket.subscribe("1", query)
        assert (await socket.receive())["payload"]["extensions"] == {"cost": {"requested": 4}}
    [(_, event), *_] = [event async for event in staff.events(query)]
    assert event["extensions"] == {"cost": {"requested": 4}}


async def test_an_event_of_a_subscription_says_nothing_of_cost(staff: Client) -> None:
    order = (await staff.place_order(await staff.register_customer(), await staff.add_product()))["id"]
    query = "subscription($id: ID!) { orderStatusChanged(orderId: $id, afterVersion: 0) { version } }"
    async with staff.socket() as socket:
        await socket.subscribe("1", query, id=order)
        assert set((await socket.receive())["payload"]) == {"data"}


def test_what_clients_look_for_first_is_within_the_limits() -> None:
    everything = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, input_value_deprecation=True
    )
    measured(everything, "IntrospectionQuery").check(ApiSettings.model_validate({"auth_secret": SECRET}))


async def test_a_batch_is_refused_in_words(staff: Client) -> None:
    answer = await staff.http.post("/graphql", json=[{"query": "{ __typename }"}] * 2)
    assert answer.status_code == 422
    assert "not a list of several" in json.loads(answer.content)["errors"][0]["message"]
