"""The two sides apart: each process serves its own half, needs only what that takes, and says where the rest is."""

from pathlib import Path

import pytest
from graphql import build_client_schema, get_introspection_query, parse, print_schema, validate

from api.schema import schema_of
from tests.api.processes import REGISTER, another_api, lonely_api
from tests.ports import free_port
from tests.system import Client, System

READ = "{ orders { totalCount } }"
FOLLOW = 'subscription { productChanged(productId: "x") { id } }'
BOTH = f"query Read {READ} {REGISTER.replace('mutation(', 'mutation Register(')}"


async def elsewhere(client: Client, query: str, words: str, name: str | None = None, *, by_http: bool = True) -> None:
    """AssertionError unless the document is refused, by HTTP and over a WebSocket, with these words."""
    for _ in range(2 if by_http else 0):
        answer = await client.http.post("/graphql", json={"query": query, "operationName": name})
        [error] = answer.json()["errors"]
        assert (answer.status_code, error["extensions"]["code"]) == (422, "GRAPHQL_VALIDATION_FAILED")
        assert words in error["message"]
    async with client.socket() as socket:
        payload = {"query": query, **({"operationName": name} if name else {})}
        await socket.send(type="subscribe", id="1", payload=payload)
        message = await socket.receive()
        assert message["type"] == "error"
        [error] = message["payload"]
        assert words in error["message"]


async def published(client: Client) -> str:
    return print_schema(build_client_schema(await client.data(get_introspection_query())))


async def test_the_half_that_serves_queries_needs_no_mongodb(system: System, staff: Client, tmp_path: Path) -> None:
    product = await staff.add_product()
    settings = {"SERVE": "queries", "INTROSPECTION": "1", "MONGODB_URL": f"mongodb://127.0.0.1:{free_port()}/"}
    async with another_api(system, tmp_path / "log", **settings) as (queries, _), queries.staff as client:
        ready = (await client.http.get("/readyz")).json()
        assert ready == {"ready": True, "missing": {}, "parkedEvents": 0}
        query = f'{{ product(id: "{product}") {{ id }} }}'
        for _ in range(3):
            assert await client.data(query) == {"product": {"id": product}}
        async with client.socket() as socket:
            await socket.subscribe("1", f'subscription {{ productChanged(productId: "{product}") {{ id }} }}')
            assert await socket.nexts("1", 1) == [{"productChanged": {"id": product}}]
        await elsewhere(client, REGISTER, "send mutations to one that serves commands")
        await elsewhere(client, BOTH, "send mutations to one that serves commands", "Read")
        text = await published(client)
        assert "type Mutation" not in text
        assert "type Subscription {" in text
        assert "CommandResult" not in text


async def test_the_half_that_serves_commands_reads_no_rows(system: System, staff: Client, tmp_path: Path) -> None:
    settings = {"SERVE": "commands", "INTROSPECTION": "1"}
    async with another_api(system, tmp_path / "log", **settings) as (commands, _), commands.staff as client:
        assert (await client.http.get("/readyz")).json() == {"ready": True, "missing": {}}
        name = system.unique("customer")
        for number in range(3):
            result = await client.data(REGISTER, name=name, email=f"{name}-{number}@example.com", wait=10_000)
            assert result["registerCustomer"] == {"receipt": {"projected": True}, "userErrors": []}
        assert (await client.data("{ projection { parkedEvents } }"))["projection"] == {"parkedEvents": 0}
        await elsewhere(client, FOLLOW, "send queries and subscriptions to one that serves queries", by_http=False)
        for query in (READ, "{ ...F } fragment F on Query { projection { lagEvents } me { id } }"):
            await elsewhere(client, query, "send queries and subscriptions to one that serves queries")
        await elsewhere(client, BOTH, "send queries and subscriptions to one that serves queries", "Register")
        assert (
            await client.codes("mutation { confirmOrder(input: {}) { nothing } }") == ["GRAPHQL_VALIDATION_FAILED"] * 2
        )
        text = await published(client)
        assert "type Subscription" not in text
        assert "type Order " not in text
        assert "type Query {\n" in text


def test_each_half_is_what_it_is_of_the_whole() -> None:
    whole, commands, queries = (schema_of(serve)._schema for serve in ("all", "commands", "queries"))
    assert whole.query_type
    assert commands.query_type
    assert queries.query_type
    assert set(commands.query_type.fields) == {"projection"}
    assert commands.mutation_type
    assert whole.mutation_type
    assert set(commands.mutation_type.fields) == set(whole.mutation_type.fields)
    assert commands.subscription_type is None
    assert set(queries.query_type.fields) == set(whole.query_type.fields)
    assert queries.mutation_type is None
    assert set(commands.type_map) | set(queries.type_map) == set(whole.type_map)
    assert validate(queries, parse(READ)) == []


@pytest.mark.parametrize(("serve", "status", "missing"), [("queries", 503, {"queries"}), ("commands", 200, set())])
async def test_a_half_is_ready_without_what_the_other_needs(
    mongodb_url: str, database: str, tmp_path: Path, serve: str, status: int, missing: set[str]
) -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    async with (
        lonely_api(mongodb_url, database, nowhere, tmp_path / "log", SERVE=serve) as (half, _),
        half.staff as staff,
    ):
        ready = await staff.http.get("/readyz")
        assert (ready.status_code, set(ready.json()["missing"])) == (status, missing)
