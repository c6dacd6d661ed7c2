"""What strangers are not told: the schema, what they may have meant, the page, unless a setting says otherwise."""

from pathlib import Path

import pytest
from graphql import build_client_schema, get_introspection_query, print_schema

from api.schema import schema
from tests.api.processes import another_api
from tests.system import Client, System

MISSPELT: list[tuple[str, dict[str, object]]] = [
    ("{ order { totl } }", {}),
    ("{ orders(frst: 1) { totalCount } }", {}),
    ("{ orders(filter: {status: PLACD}) { totalCount } }", {}),
    ("query($f: OrderFiltr) { orders(filter: $f) { totalCount } }", {}),
    ("query($f: OrderFilter) { orders(filter: $f) { totalCount } }", {"f": {"statu": "PLACED"}}),
    ("query($s: OrderStatus) { orders(filter: {status: $s}) { totalCount } }", {"s": "PLACD"}),
]


@pytest.mark.parametrize(
    "query",
    [
        get_introspection_query(),
        "{ __schema { queryType { name } } }",
        '{ categories { name } ... on Query { a: __type(name: "Order") { name } } }',
        "{ ...A } fragment A on Query { ...B } fragment B on Query { __schema { description } ...A }",
    ],
)
async def test_the_schema_is_no_strangers_business(staff: Client, query: str) -> None:
    for _ in range(2):
        answer = await staff.run(query)
        [error] = answer["errors"]
        assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        assert "INTROSPECTION=1" in error["message"]
    async with staff.socket() as socket:
        await socket.subscribe("1", query)
        assert (await socket.receive())["type"] == "error"


async def test_the_name_of_a_type_is_not_the_schema(staff: Client) -> None:
    assert await staff.data("{ __typename categories { __typename } }") is not None


@pytest.mark.parametrize(("query", "variables"), MISSPELT)
async def test_nobody_is_told_what_they_may_have_meant(staff: Client, query: str, variables: dict[str, object]) -> None:
    errors = (await staff.run(query, **variables))["errors"]
    assert not any("Did you mean" in error["message"] for error in errors), errors


async def test_where_it_is_asked_for_everybody_is_told(system: System, tmp_path: Path) -> None:
    settings = {"INTROSPECTION": "1", "GRAPHIQL": "0"}
    async with another_api(system, tmp_path / "log", **settings) as (other, _), other.staff as client:
        told = build_client_schema(await client.data(get_introspection_query()))
        assert set(told.type_map) == set(schema._schema.type_map)
        assert print_schema(told).count("\ntype ") == print_schema(schema._schema).count("\ntype ")
        for query, variables in MISSPELT:
            errors = (await client.run(query, **variables))["errors"]
            assert any("Did you mean" in error["message"] for error in errors), query
        page = await client.http.get("/graphql", headers={"accept": "text/html,*/*;q=0.8"})
        assert (page.status_code, page.headers["content-type"].split(";")[0]) == (
            422,
            "application/graphql-response+json",
        )
