"""The process: what it says without the others, and whom it trusts on this machine."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from tests.api.processes import REGISTER, another_api, lonely_api
from tests.ports import free_port
from tests.system import System

READ = "{ orders { totalCount } }"


async def test_without_relay_and_projector_commands_are_taken_and_queries_say_so(
    mongodb_url: str, database: str, redis_url: str, redis: Redis, tmp_path: Path
) -> None:
    async with (
        lonely_api(mongodb_url, database, redis_url, tmp_path / "log") as (system, _),
        system.staff as staff,
    ):
        ready = await staff.http.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["missing"].keys() == {"queries"}
        assert await staff.codes(READ) == ["UNAVAILABLE"]
        result = await staff.data(REGISTER, name="A", email="a@example.com", wait=100)
        assert result["registerCustomer"] == {"receipt": {"projected": False}, "userErrors": []}


async def test_without_redis_commands_are_taken_and_queries_say_so(
    mongodb_url: str, database: str, tmp_path: Path
) -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    async with lonely_api(mongodb_url, database, nowhere, tmp_path / "log") as (system, _), system.staff as staff:
        ready = await staff.http.get("/readyz")
        assert (ready.status_code, ready.json()["parkedEvents"]) == (503, None)
        assert await staff.codes(READ) == ["UNAVAILABLE"]
        assert await staff.codes("{ projection { lagEvents } }") == ["UNAVAILABLE"]
        result = await staff.data(REGISTER, name="A", email="a@example.com", wait=100)
        assert result["registerCustomer"] == {"receipt": {"projected": False}, "userErrors": []}


@pytest.fixture
async def developers_system(system: System, tmp_path: Path) -> AsyncIterator[System]:
    async with another_api(system, tmp_path / "log", GRAPHIQL_STAFF="1") as (other, _):
        yield other


async def page_token(system: System, **headers: str) -> str | None:
    """The token in the page that a browser gets."""
    async with system.client(None) as nobody:
        response = await nobody.http.get("/graphql", headers={"accept": "text/html", **headers})
    found = re.search(r"Bearer ([\w.-]+)", response.text)
    return found[1] if found else None


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9", "[::1]:9"])
async def test_a_developers_page_is_signed_in_as_staff_and_nothing_else_is(
    developers_system: System, host: str
) -> None:
    token = await page_token(developers_system, host=host)
    async with developers_system.client(token) as developer, developers_system.client(None) as nobody:
        assert (await developer.data(READ)).keys() == {"orders"}
        assert await nobody.codes(READ) == ["UNAUTHENTICATED"]


async def test_pages_of_other_names_and_addresses_are_not(system: System, developers_system: System) -> None:
    assert await page_token(developers_system, host="attacker.example") is None
    assert await page_token(developers_system, **{"x-forwarded-for": "203.0.113.7"}) is None
    assert await page_token(developers_system, forwarded="for=203.0.113.7") is None
    assert await page_token(system) is None


async def test_pages_from_allowed_origins_may_use_it(system: System, tmp_path: Path) -> None:
    origin = "https://shop.example"
    async with (
        another_api(system, tmp_path / "log", ALLOWED_ORIGINS=f"{origin}, http://localhost:3000") as (other, _),
        other.staff as staff,
    ):
        asked = {"origin": origin, "access-control-request-method": "POST"}
        allowed = await staff.http.options("/graphql", headers=asked)
        assert allowed.headers["access-control-allow-origin"] == origin
        refused = await staff.http.options("/graphql", headers={**asked, "origin": "https://elsewhere.example"})
        assert "access-control-allow-origin" not in refused.headers
        for _ in range(3):  # by the executor, then by its plan
            answer = await staff.http.post("/graphql", json={"query": READ}, headers={"origin": origin})
            assert answer.headers["access-control-allow-origin"] == origin
        url = other.url.replace("http:", "ws:") + "/graphql"
        subprotocols = [Subprotocol("graphql-transport-ws")]
        async with connect(url, origin=Origin(origin), subprotocols=subprotocols, proxy=None) as socket:
            assert socket.subprotocol == "graphql-transport-ws"
        with pytest.raises(InvalidStatus) as turned_away:
            async with connect(url, origin=Origin("https://elsewhere.example"), subprotocols=subprotocols, proxy=None):
                pass
        assert turned_away.value.response.status_code == 403
