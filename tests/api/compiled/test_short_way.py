"""Answers by plans that go past ASGI: as the client wants them, from where it is, and compressed where that pays."""

import gzip
import json
from typing import Any, Final

import pytest
from starlette.types import Scope
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api.auth import issue_token
from api.headers import SECURITY
from api.negotiation import GRAPHQL, JSON
from api.proxies import Proxies
from api.view import GraphQLView
from tests.api.compiled.edge import SECRET, Edge

MODERN: Final = "application/graphql-response+json, application/json;q=0.9"
NEVER: Final = "MDo5OTk5OTk5OTk5OTk5LTA"
"""A token for a position that nothing reaches."""


async def ask(view: GraphQLView, query: str, client: str = "192.0.2.1", **headers: str) -> tuple[Scope, Any]:
    """What becomes of a POST request's scope, and the answer on the short way: head and body, or None."""
    named = {
        "content-type": "application/json",
        "authorization": f"Bearer {issue_token(SECRET, 'staff', None, 3600)}",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    scope: Scope = {
        "type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "scheme": "http",
        "client": (client, 5), "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }  # fmt: skip
    return scope, await view.answer(scope, json.dumps({"query": query}).encode())


@pytest.mark.parametrize(("accept", "media_type"), [(MODERN, GRAPHQL), ("application/json", JSON), ("*/*", JSON)])
async def test_it_answers_as_what_is_wanted(edge: Edge, accept: str, media_type: str) -> None:
    query = f"{{ categories {{ name }} }} # for {accept}"
    await edge.ask("POST", "staff", query=query)
    _, (head, body) = await ask(edge.view, query, accept=accept)
    status, *lines = head.decode().split("\r\n")[:-1]
    assert status == "HTTP/1.1 200 OK"
    assert dict(line.split(": ", 1) for line in lines) == {"content-type": f"{media_type}; charset=utf-8", **SECURITY}
    assert json.loads(body)["data"]["categories"]


@pytest.mark.parametrize("accept", ["text/event-stream", "text/html"])
async def test_it_leaves_events_and_what_is_not_served_to_the_application(edge: Edge, accept: str) -> None:
    query = f"{{ categories {{ name }} }} # not for {accept}"
    await edge.ask("POST", "staff", query=query)
    before = edge.view.answers.planned
    assert (await ask(edge.view, query, accept=accept))[1] is None
    assert edge.view.answers.planned == before


@pytest.mark.parametrize(("accept", "status"), [("application/json", 200), (MODERN, 294)])
async def test_data_with_errors_are_a_partial_success_whoever_answers(edge: Edge, accept: str, status: int) -> None:
    query = edge.resolve(
        f'{{ categories {{ name }} order(id: "<order0>", consistentWith: ["{NEVER}"]) {{ id }} }} # {accept}'
    )
    before = edge.view.answers.planned
    executed, compiled = [await edge.ask("POST", "staff", accept, query=query) for _ in range(2)]
    assert edge.view.answers.planned == before + 1
    for answer in (executed, compiled):
        assert answer.status_code == status
        assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["STALE_READ"]
    _, (head, _) = await ask(edge.view, query, accept=accept)
    assert head.startswith(b"HTTP/1.1 %d " % status)


async def test_what_is_large_is_compressed_for_who_can_read_it(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    query = "{ orders(first: 100) { nodes { id status total { amount } lines { name } } } } # large"
    await edge.ask("POST", "staff", query=query)
    _, (plain_head, plain) = await ask(edge.view, query, accept_encoding="br")
    assert b"content-encoding" not in plain_head
    monkeypatch.setattr(edge.view, "_large", len(plain))
    _, (head, body) = await ask(edge.view, query, accept_encoding="gzip, br")
    assert b"\r\ncontent-encoding: gzip\r\n" in head
    assert len(body) < len(plain) / 2
    assert gzip.decompress(body) == plain
    monkeypatch.setattr(edge.view, "_large", len(plain) + 1)
    assert (await ask(edge.view, query, accept_encoding="gzip"))[1] == (plain_head, plain)


FORWARDED: Final = [
    ("10.0.0.7", {"x_forwarded_for": "203.0.113.7", "x_forwarded_proto": "https"}),
    ("10.0.0.7", {"x_forwarded_for": "198.51.100.1, 203.0.113.7, 10.9.9.9"}),
    ("10.0.0.7", {"x_forwarded_for": "", "x_forwarded_proto": "gopher"}),
    ("10.0.0.7", {}),
    ("192.0.2.1", {"x_forwarded_for": "203.0.113.7", "x_forwarded_proto": "https"}),
]


@pytest.mark.parametrize(("client", "headers"), FORWARDED)
async def test_it_sees_the_client_that_the_ordinary_way_sees(
    edge: Edge, monkeypatch: pytest.MonkeyPatch, client: str, headers: dict[str, str]
) -> None:
    trusted = ("10.0.0.0/8",)
    seen: list[Any] = []

    async def application(scope: Any, *_: Any) -> None:
        seen.append((scope["client"], scope["scheme"]))

    monkeypatch.setattr(edge.view, "_proxies", Proxies.trusted(trusted))
    scope, _ = await ask(edge.view, "{ categories { name } }", client, **headers)
    seen.append((scope["client"], scope["scheme"]))
    monkeypatch.setattr(edge.view, "_proxies", None)
    scope, _ = await ask(edge.view, "{ categories { name } }", client, **headers)
    assert (scope["client"], scope["scheme"]) == ((client, 5), "http"), "nobody is believed unless named"
    nobody: Any = None
    await ProxyHeadersMiddleware(application, list(trusted))(scope, nobody, nobody)  # type: ignore[arg-type]
    assert seen[0] == seen[1]
    assert (seen[0] != ((client, 5), "http")) == (client == "10.0.0.7" and bool(headers.get("x_forwarded_for")))
