"""Documents by their names: those of a manifest and no others, or those that were sent with their hash."""

import json
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.documents import KEPT_CHARACTERS, LONGEST_KEPT
from api.errors import BadUserInput
from api.persisted import BadManifest, NotFound, NotTrusted, Sent, Trusted, read_manifest
from api.schema import schema
from api.settings import ApiSettings
from api.wire import GraphQLRequest
from stack.child import Child
from tests.api.processes import another_api
from tests.system import SECRET, Client, System

ORDERS = "query Orders($n: Int) { orders(first: $n) { totalCount } }"
FOLLOW = "subscription Follow { ordersChanged { orderId } }"
SETTINGS = ApiSettings.model_validate({"auth_secret": SECRET, "max_aliases": 1})


def hash_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def by_hash(text: str, *, query: str | None = None) -> dict[str, Any]:
    """A request of Apollo's protocol."""
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": hash_of(text)}}
    return {"extensions": extensions} | ({"query": query} if query else {})


def apollo(**bodies: str) -> dict[str, Any]:
    operations = [{"id": id, "name": "n", "type": "query", "body": body} for id, body in bodies.items()]
    return {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}


@pytest.mark.parametrize("manifest", [{"one": ORDERS, "two": FOLLOW}, apollo(one=ORDERS, two=FOLLOW)])
def test_a_manifest_is_an_object_of_documents_or_apollos(tmp_path: Path, manifest: Any) -> None:
    (tmp_path / "it.json").write_text(json.dumps(manifest))
    texts = read_manifest(tmp_path / "it.json", schema._schema, SETTINGS)
    assert texts == {"one": ORDERS, "two": FOLLOW}


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ([], "no object"),
        ({"one": 1}, "'one'"),
        ({"format": "another", "version": 1, "operations": []}, "format"),
        (apollo() | {"version": 2}, "version"),
        (apollo() | {"operations": {}}, "operations"),
        (apollo() | {"operations": [{"id": "x"}]}, "operations[0]"),
        ({"one": "{ nothing }"}, "document 'one', line 1: Cannot query field 'nothing'"),
        ({"one": ORDERS, "two": "\n{"}, "document 'two', line 2: Syntax Error"),
        ({"one": "{ a: __typename b: __typename }"}, "MAX_ALIASES"),
    ],
)
def test_a_manifest_that_is_wrong_is_refused_with_the_place(tmp_path: Path, manifest: Any, words: str) -> None:
    (tmp_path / "it.json").write_text(json.dumps(manifest))
    with pytest.raises(BadManifest) as refused:
        read_manifest(tmp_path / "it.json", schema._schema, SETTINGS)
    assert words in str(refused.value)


@pytest.mark.parametrize("content", ["{", None])
def test_what_cannot_be_read_is_no_manifest(tmp_path: Path, content: str | None) -> None:
    if content:
        (tmp_path / "it.json").write_text(content)
    with pytest.raises(BadManifest):
        read_manifest(tmp_path / "it.json", schema._schema, SETTINGS)


def test_documents_that_are_sent_displace_those_that_nobody_asks_for() -> None:
    sent = Sent()
    for number in range(2 * KEPT_CHARACTERS // LONGEST_KEPT):
        text = f"{{ __typename }} # {number}".ljust(LONGEST_KEPT)
        sent.text_of(GraphQLRequest(**by_hash(text, query=text)))
    assert sent.text_of(GraphQLRequest(**by_hash(text))) == text
    with pytest.raises(NotFound):
        sent.text_of(GraphQLRequest(**by_hash("{ __typename } # 0".ljust(LONGEST_KEPT))))
    with pytest.raises(BadUserInput):
        sent.text_of(GraphQLRequest(**by_hash("another", query=ORDERS)))


def test_a_trusted_document_is_found_by_id_by_hash_and_by_its_text() -> None:
    trusted = Trusted({"one": ORDERS})
    for request in (
        {"documentId": "one"},
        {"documentId": f"sha256:{hash_of(ORDERS)}"},
        by_hash(ORDERS),
        {"query": ORDERS},
    ):
        assert trusted.text_of(GraphQLRequest.model_validate(request)) == ORDERS
    for request in (
        {"documentId": "two"},
        by_hash(FOLLOW),
        {"query": ORDERS + " "},
        {},
        {"documentId": "one", "query": "{ a }"},
    ):
        with pytest.raises(NotTrusted):
            trusted.text_of(GraphQLRequest.model_validate(request))


async def ask(client: Client, **body: Any) -> httpx.Response:
    return await client.http.post("/graphql", json=body)


@pytest.fixture(scope="module")
async def trusting(system: System, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Client]:
    directory: Path = tmp_path_factory.mktemp("trusting")
    (directory / "manifest.json").write_text(json.dumps(apollo(orders=ORDERS, follow=FOLLOW)))
    settings = {"DOCUMENTS": str(directory / "manifest.json")}
    async with another_api(system, directory / "log", **settings) as (other, _), other.staff as staff:
        yield staff


async def test_only_the_documents_of_the_manifest_are_answered(trusting: Client) -> None:
    for _ in range(2):
        for body in ({"documentId": "orders"}, by_hash(ORDERS), {"query": ORDERS}):
            answer = await ask(trusting, **body, variables={"n": 1})
            assert set(answer.json()["data"]) == {"orders"}, answer.text
    got = await trusting.http.get("/graphql", params={"documentId": "orders"})
    assert set(got.json()["data"]) == {"orders"}
    for body in ({"query": "{ __schema { queryType { name } } }"}, {"query": "{ __typename }"}, {"documentId": "no"}):
        answer = await ask(trusting, **body)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (422, "DOCUMENT_NOT_TRUSTED")


async def test_over_a_socket_as_well(trusting: Client) -> None:
    async with trusting.socket() as socket:
        await socket.send(type="subscribe", id="1", payload={"documentId": "orders"})
        assert set((await socket.nexts("1", 1))[0]) == {"orders"}
        assert (await socket.receive())["type"] == "complete"
        for payload in ({"query": "{ __typename }"}, {"documentId": "no"}):
            await socket.send(type="subscribe", id="2", payload=payload)
            message = await socket.receive()
            assert (message["type"], message["id"]) == ("error", "2")
            assert message["payload"][0]["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"


async def test_a_wrong_manifest_keeps_it_from_starting(system: System, tmp_path: Path) -> None:
    (tmp_path / "it.json").write_text('{"one": "{ nothing }"}')
    import sys

    command = [sys.executable, "-m", "stack", "api", "--documents", str(tmp_path / "it.json")]
    with (tmp_path / "log").open("wb") as output:
        child = await Child.spawn(command, environment={**system.environment, "PORT": "0"}, output=output)
    assert await child.wait() == 3
    said = (tmp_path / "log").read_text()
    assert "it.json: document 'one', line 1: Cannot query field 'nothing'" in said
    assert "Traceback" not in said


async def test_a_hash_is_known_once_its_document_was_sent(system: System, tmp_path: Path) -> None:
    text = "query Sent { orders { totalCount } }"
    async with (
        another_api(system, tmp_path / "log", AUTOMATIC_PERSISTED_QUERIES="true") as (other, _),
        other.staff as it,
    ):
        unknown = await ask(it, **by_hash(text))
        assert unknown.status_code == 200
        [error] = unknown.json()["errors"]
        assert (error["message"], error["extensions"]["code"]) == (
            "PersistedQueryNotFound",
            "PERSISTED_QUERY_NOT_FOUND",
        )
        for body in (by_hash(text, query=text), by_hash(text), by_hash(text)):
            assert set((await ask(it, **body)).json()["data"]) == {"orders"}
        assert (await ask(it, **by_hash("another", query=text))).status_code == 422
        assert (await ask(it, query="{ __typename }")).json()["data"] == {"__typename": "Query"}


async def test_a_hash_alone_is_not_supported_unless_it_is_asked_for(staff: Client) -> None:
    [error] = (await ask(staff, **by_hash(ORDERS))).json()["errors"]
    assert error["message"] == "PersistedQueryNotSupported"
    assert error["extensions"]["code"] == "PERSISTED_QUERY_NOT_SUPPORTED"
    assert "data" in (await ask(staff, **by_hash(ORDERS, query=ORDERS))).json()
