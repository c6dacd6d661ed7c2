"""The process: what it says without the others, how it stops, and whom it trusts on this machine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from pymongo import AsyncMongoClient
from redis.asyncio import Redis
from websockets.exceptions import ConnectionClosed

from stack.child import Child
from tests.system import SECRET, STOP_SECONDS, System, free_port, process, wait_until_ready

READ = "{ orders { totalCount } }"
REGISTER = """mutation($name: String!, $email: String!, $wait: Int!) {
    registerCustomer(input: {name: $name, email: $email}) {
        receipt { projected(timeoutMs: $wait) }
        userErrors { code }
    }
}"""


@asynccontextmanager
async def another_api(system: System, log: Path, **settings: str) -> AsyncIterator[tuple[System, Child]]:
    """An API of its own over the same stores."""
    port = free_port()
    environment = {**system.environment, "PORT": str(port), **settings}
    url = f"http://127.0.0.1:{port}"
    async with process("api", environment, log) as child:
        await wait_until_ready(url, child, log)
        yield System(url, environment, log), child


@asynccontextmanager
async def lonely_api(mongodb_url: str, database: str, redis_url: str, log: Path) -> AsyncIterator[tuple[System, Child]]:
    """An API that has its stores, but neither relay nor projector."""
    port = free_port()
    environment = {
        "MONGODB_URL": mongodb_url, "MONGODB_DATABASE": database, "REDIS_URL": redis_url,
        "AUTH_SECRET": SECRET, "PORT": str(port),
    }  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    async with process("api", environment, log) as child, httpx.AsyncClient(base_url=url) as client:
        async with asyncio.timeout(30):
            while True:
                try:
                    await client.get("/healthz")
                    break
                except httpx.TransportError:
                    assert child.exit_code is None
                    await asyncio.sleep(0.05)
        yield System(url, environment, log), child


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


async def test_told_to_stop_it_finishes_what_it_took(
    mongodb_url: str, database: str, redis_url: str, redis: Redis, tmp_path: Path
) -> None:
    async with (
        lonely_api(mongodb_url, database, redis_url, tmp_path / "log") as (system, child),
        system.staff as staff,
    ):
        # Nothing projects, so this answer takes its whole second once the command is committed.
        waiting = asyncio.create_task(staff.data(REGISTER, name="A", email="a@example.com", wait=1_000))
        async with AsyncMongoClient[dict[str, object]](mongodb_url) as mongodb:
            while await mongodb[database]["customers"].count_documents({}) == 0:
                pass
        child.terminate()
        assert (await waiting)["registerCustomer"]["receipt"] == {"projected": False}
        assert await child.wait() == 0


async def test_told_to_stop_it_closes_sockets_so_that_clients_come_back(system: System, tmp_path: Path) -> None:
    async with another_api(system, tmp_path / "log") as (other, child), other.staff as staff:
        order = await staff.place_order(await staff.register_customer(), await staff.add_product())
        async with staff.socket() as socket:
            query = "subscription($id: ID!) { orderStatusChanged(orderId: $id, afterVersion: 0) { version } }"
            await socket.subscribe("1", query, id=order["id"])
            await socket.nexts("1", 1)
            child.terminate()
            with pytest.raises(ConnectionClosed) as closed:
                await socket.receive()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012  # service restart: graphql-ws clients connect again
        async with asyncio.timeout(STOP_SECONDS):
            assert await child.wait() == 0
    assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.fixture
async def open_system(system: System, tmp_path: Path) -> AsyncIterator[System]:
    async with another_api(system, tmp_path / "log", ANONYMOUS_STAFF="1") as (other, _):
        yield other


async def test_this_machine_may_be_trusted_without_a_token(open_system: System) -> None:
    async with open_system.client(None) as nobody, open_system.client("x.y.z") as pretender:
        assert (await nobody.data(READ)).keys() == {"orders"}
        async with nobody.socket() as socket:
            await socket.subscribe("1", READ)
            await socket.nexts("1", 1)
        assert await pretender.codes(READ) == ["UNAUTHENTICATED"]


@pytest.mark.parametrize("headers", [{"host": "attacker.example"}, {"x-forwarded-for": "203.0.113.7"}])
async def test_names_and_addresses_from_elsewhere_are_not(open_system: System, headers: dict[str, str]) -> None:
    async with open_system.client(None) as nobody:
        response = await nobody.http.post("/graphql", json={"query": READ}, headers=headers)
    assert '"orders":{' not in response.text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9", "[::1]:9"])
async def test_names_of_this_machine_are(open_system: System, host: str) -> None:
    async with open_system.client(None) as nobody:
        response = await nobody.http.post("/graphql", json={"query": READ}, headers={"host": host})
    assert "errors" not in response.json()


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


async def test_a_subscriber_that_falls_behind_is_told_so_and_resumes(system: System, tmp_path: Path) -> None:
    query = """subscription($customer: ID!, $after: String) {
        ordersChanged(customerId: $customer, after: $after) { cursor orderId }
    }"""
    async with another_api(system, tmp_path / "log", SUBSCRIBER_BUFFER="1") as (narrow, _), narrow.staff as staff:
        customer_id, product_id = await staff.register_customer(), await staff.add_product(stock=1_000)
        placed, heard = [], []
        async with staff.socket() as socket:
            await socket.subscribe("1", query, customer=customer_id)
            await socket.subscribe("2", "{ projection { parkedEvents } }")
            await socket.nexts("2", 1)
            assert (await socket.receive())["type"] == "complete"
            # The first is heard of before there is a crowd: whoever is told to resume has a cursor to resume from.
            placed.append(await staff.place_order(customer_id, product_id))
            heard += [change["ordersChanged"] for change in await socket.nexts("1", 1)]
            # Orders that come together are committed and projected together: more than one waits at once.
            placed += await asyncio.gather(*(staff.place_order(customer_id, product_id) for _ in range(100)))
            while (message := await socket.receive())["type"] == "next" and "errors" not in message["payload"]:
                heard.append(message["payload"]["data"]["ordersChanged"])
        assert "SLOW_CONSUMER" in str(message["payload"])
    async with system.staff as staff, staff.socket() as socket:
        await socket.subscribe("1", query, customer=customer_id, after=heard[-1]["cursor"])
        missed = await socket.nexts("1", len(placed) - len(heard))
    orders = [change["orderId"] for change in heard] + [change["ordersChanged"]["orderId"] for change in missed]
    assert len(orders) == len(set(orders))
    assert set(orders) == {receipt["id"] for receipt in placed}
