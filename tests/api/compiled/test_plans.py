"""What is compiled, when, and what becomes of that where the read model does not answer."""

import asyncio
from typing import Any

import pytest

from api.auth import issue_token
from api.documents import KEPT_CHARACTERS, LONGEST_KEPT
from api.heads import HEADERS
from api.metrics import of_edge
from api.observation import Observation
from read_model.schema.keys import Keys
from telemetry.metrics import Value
from tests.api.compiled.edge import SECRET, Edge
from tests.api.compiled.test_same_answers import NEVER
from write_model.contracts.streams import projected_key


async def planned(edge: Edge, query: str, caller: str = "staff", **variables: object) -> bool:
    """Whether the answer came from a plan."""
    before = edge.view.answers.planned
    await edge.ask("POST", caller, query=edge.resolve(query), variables=variables)
    return edge.view.answers.planned > before


async def test_a_document_is_compiled_when_it_comes_again(edge: Edge) -> None:
    query = "{ categories { name } } # comes again"
    assert [await planned(edge, query) for _ in range(3)] == [False, True, True]


async def test_an_answer_is_a_hit_or_a_miss_and_on_its_way_it_is_neither(edge: Edge) -> None:
    collect = of_edge(Observation(edge.view._services.settings), edge.view.answers)

    async def counts() -> list[Value]:
        named = {metric.name: metric.rows[0][1] for metric in await collect() if metric.rows}
        return [named["orderstream_plan_hits_total"], named["orderstream_plan_misses_total"]]

    edge.view.answers.planned = edge.view.answers.missed = 0
    query = "{ categories { name } } # hit or miss"
    await edge.ask("POST", "staff", query=query)
    assert await counts() == [0, 1]
    await edge.ask("POST", "staff", query=query)
    assert await counts() == [1, 1]
    await edge.ask("POST", "staff", query="{ categories { nothing } }")
    await edge.ask("POST", "staff", query=query, operationName="Other")
    assert await counts() == [1, 3]
    asking = [asyncio.create_task(edge.ask("POST", "staff", query=query)) for _ in range(5)]
    while not all(task.done() for task in asking):
        assert (await counts())[1] == 3, "it would fall when they are answered"
        await asyncio.sleep(0)
    assert await counts() == [6, 3]
    wrong = "query($after: String) { orders(after: $after) { totalCount } }"
    for after in (None, None, "no cursor"):
        await edge.ask("POST", "staff", query=wrong, variables={"after": after})
    assert await counts() == [7, 5], "the executor says what is wrong"


async def test_ever_new_documents_displace_no_plan(edge: Edge) -> None:
    query = "{ categories { name } } # is asked often"
    assert [await planned(edge, query) for _ in range(2)] == [False, True]
    for number in range(2 * KEPT_CHARACTERS // LONGEST_KEPT):
        assert not await planned(edge, f"{{ categories {{ name }} }} # {number}".ljust(LONGEST_KEPT))
    assert await planned(edge, query)


async def test_names_of_operations_that_there_are_not_displace_no_plan(edge: Edge) -> None:
    query, long = "{ categories { name } } # is asked very often", "query Q { categories { name } }".ljust(LONGEST_KEPT)
    assert [await planned(edge, query) for _ in range(2)] == [False, True]
    for number in range(2 * KEPT_CHARACTERS // LONGEST_KEPT):
        await edge.ask("POST", "staff", query=long, operationName=f"Q{number}")
    assert await planned(edge, query)


async def test_what_strangers_ask_has_plans_that_displace_those_of_nobody_else(edge: Edge) -> None:
    query, strangers = "{ categories { name } } # is asked by somebody", "{ categories { name } } # by strangers"
    assert [await planned(edge, query) for _ in range(2)] == [False, True]
    assert [await planned(edge, strangers, "nobody") for _ in range(2)] == [False, True]
    for number in range(2 * KEPT_CHARACTERS // LONGEST_KEPT):
        flood = f"{{ categories {{ name }} }} # nobody {number}".ljust(LONGEST_KEPT)
        assert [await planned(edge, flood, "nobody") for _ in range(2)] == [False, True]
    assert await planned(edge, query)
    assert await planned(edge, query, "nobody")
    assert [await planned(edge, strangers, "nobody") for _ in range(2)] == [False, True]


async def test_what_fragments_blow_up_has_no_plan(edge: Edge) -> None:
    fields = " ".join(f"a{n}: orders(first: 0) {{ ...O }}" for n in range(25))
    pages = " ".join(f"b{n}: nodes {{ ...N }}" for n in range(25))
    leaves = " ".join(f"c{n}: id" for n in range(25))
    query = f"{{ {fields} }} fragment O on OrderConnection {{ {pages} }} fragment N on Order {{ {leaves} }}"
    assert not any([await planned(edge, query) for _ in range(2)])
    assert (await edge.ask("POST", "staff", query=query)).json()["data"]["a24"]["b24"] == []


async def test_what_is_nested_too_deeply_is_the_executors(edge: Edge) -> None:
    query = "{ categories { name " + "... { " * 600 + "name " + "}" * 600 + " } }"
    first, second = [await edge.ask("POST", "staff", query=query) for _ in range(2)]
    assert (first.status_code, first.content) == (second.status_code, second.content)


@pytest.mark.parametrize(
    "query",
    [
        "{ __schema { queryType { name } } }",
        '{ __type(name: "Order") { name } categories { name } }',
        "query A { categories { name } } query B { categories { productCount } }",
        (
            'mutation {a: confirmOrder(input: {orderId: "x"}) { ...R } b: confirmOrder(input: {orderId: "y"}) { ...R }}'
            " fragment R on CommandResult { userErrors { code } }"
        ),
        "{ categories { nothing } }",
        "{ categories { name }",
        "{ categories { name } }".ljust(LONGEST_KEPT + 1),
    ],
)
async def test_the_executor_answers_what_has_no_plan(edge: Edge, query: str) -> None:
    assert not any([await planned(edge, query) for _ in range(3)])


async def test_a_plan_is_for_what_its_conditions_include(edge: Edge) -> None:
    query = "query($a: Boolean!, $b: Boolean!) { categories { name @include(if: $a) productCount @skip(if: $b) } }"
    for a, b, wanted in (
        (True, True, {"name"}),
        (False, False, {"productCount"}),
        (False, True, set()),
        (True, True, {"name"}),
    ):
        for _ in range(2):
            response = await edge.ask("POST", "staff", query=query, variables={"a": a, "b": b})
            assert set(response.json()["data"]["categories"][0]) == wanted


WRITTEN_OUT = [
    ("query($it: ID) { orders(filter: {customerId: $it, status: PLACED}) { nodes { id } totalCount } }", "customer"),
    ("query($it: ID!) { orders(first: 1, filter: {customerId: $it}) { nodes { customer { id } } } }", "customer"),
    (
        "query($it: Decimal) { products(filter: {maxPrice: $it, inStock: true}) { nodes { price { amount } } } }",
        "price",
    ),
    ("query($it: String) { products(filter: {category: $it}, search: $it) { totalCount } }", "word"),
]
VALUES: dict[str, list[object]] = {
    "customer": ["<customer0>", "<customer1>", "<customer0>", None, "nonsense", 5, "<customer1>"],
    "price": ["0.05", 5, None, "0.05", "x", "12345.67", 0],
    "word": ["Light", "None", "", None, "Light", 7],
}


@pytest.mark.parametrize(("query", "kind"), WRITTEN_OUT)
async def test_an_input_object_in_a_document_has_each_requests_own_values(edge: Edge, query: str, kind: str) -> None:
    bodies: set[bytes] = set()
    await edge.ask("POST", "staff", query=query)
    for number, value in enumerate(VALUES[kind]):
        variables = {"it": edge.resolve(value) if isinstance(value, str) else value}
        compiled = await edge.ask("POST", "staff", query=query, variables=variables)
        executed = await edge.ask("POST", "staff", query=f"{query} # {number}", variables=variables)
        assert compiled.content == executed.content, value
        bodies.add(compiled.content)
    assert len(bodies) > 2


UNAVAILABLE = [
    '{ order(id: "<order5>") { id } }',
    '{ there: order(id: "<order0>") { id } order(id: "<order6>") { id } }',
    "{ orders { totalCount } }",
    '{ categories { name } customers(search: "bob") { nodes { name orders { totalCount } } } }',
    '{ customer(id: "<customer1>") { name orders { totalCount } } __typename }',
]


@pytest.mark.parametrize("query", UNAVAILABLE)
async def test_what_the_read_model_cannot_answer_is_the_same_error(edge: Edge, query: str) -> None:
    query = edge.resolve(query)
    assert not await planned(edge, query)
    await edge.redis.hdel(projected_key(1), "complete")
    try:
        compiled = await edge.ask("POST", "staff", query=query)
        executed = await edge.ask("POST", "staff", query=query + " ")
        assert await planned(edge, query)
    finally:
        await edge.redis.hset(projected_key(1), "complete", 1)
    assert compiled.content == executed.content
    assert [error["extensions"]["code"] for error in compiled.json()["errors"]] == ["UNAVAILABLE"]


@pytest.mark.parametrize(
    "query",
    ['{ order(id: "<order0>", consistentWith: ["%s"]) { id } }', '{ orders(consistentWith: ["%s"]) { totalCount } }'],
)
async def test_a_token_that_is_not_reached_is_the_same_error(edge: Edge, query: str) -> None:
    query = edge.resolve(query % NEVER)
    executed, compiled = [await edge.ask("POST", "staff", query=query) for _ in range(2)]
    assert compiled.content == executed.content
    assert [error["extensions"]["code"] for error in compiled.json()["errors"]] == ["STALE_READ"]


async def test_a_new_generation_is_read_by_the_same_plan(edge: Edge) -> None:
    query = edge.resolve('{ product(id: "<product0>") { name } }')
    assert [await planned(edge, query) for _ in range(2)] == [False, True]
    old, new = Keys(0, 1), Keys(0, 2)
    id = edge.named["product0"]
    await edge.redis.copy(old.product(id), new.product(id))
    await edge.redis.hset(projected_key(0), "generation", 2)
    try:
        assert (await edge.ask("POST", "staff", query=query)).json()["data"]["product"] is not None
    finally:
        await edge.redis.hset(projected_key(0), "generation", 1)
        await edge.redis.delete(new.product(id))


async def test_a_fault_on_the_short_way_is_said_by_the_application_and_kept_by_nobody(edge: Edge) -> None:
    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "client": None}
    scope |= {"headers": [(b"content-type", b"application/json")], "http_version": "1.1", "scheme": "http"}
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"[]", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    keys = set(scope)
    assert await edge.view.answer(scope, b"[]") is None
    await edge.view(scope, receive, send)
    assert sent[0]["status"] == 422
    assert scope.keys() == keys | {HEADERS}


async def test_of_two_tokens_the_first_counts(edge: Edge) -> None:
    query = "{ me { id } categories { name } } # two tokens"
    good = issue_token(SECRET, "customer", edge.named["customer0"], 3600)
    for tokens, answered in (((good, "bad"), True), (("bad", good), False)):
        headers = [("authorization", f"Bearer {token}") for token in tokens]
        for _ in range(3):
            response = await edge.http.post("/graphql", json={"query": query}, headers=headers)
            assert ("errors" not in response.json()) is answered
