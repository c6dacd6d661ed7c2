"""A process that is told to stop: what it took is answered, everybody else goes elsewhere, and it ends in time."""

import asyncio
import signal
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import AsyncMongoClient
from redis.asyncio import Redis
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.api.processes import REGISTER, another_api, lonely_api
from tests.system import STOP_SECONDS, Socket, System

FOLLOW = """subscription($id: ID!, $after: Int!) {
    orderStatusChanged(orderId: $id, afterVersion: $after) { version status }
}"""
NEVER = "60"
"""Seconds: longer than any test."""


async def is_committed(mongodb_url: str, database: str, number: int) -> None:
    """Until there are so many customers."""
    async with AsyncMongoClient[dict[str, object]](mongodb_url) as mongodb, asyncio.timeout(30):
        while await mongodb[database]["customers"].count_documents({}) < number:
            pass


async def close_code(connection: ClientConnection) -> int:
    """With what the server closes, once it does."""
    async with asyncio.timeout(STOP_SECONDS):
        async for _ in connection:
            pass
        await connection.wait_closed()
    assert connection.close_code is not None
    return connection.close_code


async def send(socket: Socket, name: str, wait: int) -> None:
    """A command whose answer takes so many milliseconds, where nothing projects."""
    await socket.subscribe(name, REGISTER, name=name, email=f"{name}@example.com", wait=wait)


async def test_a_command_in_flight_gets_its_receipt_and_is_durable(
    mongodb_url: str, database: str, redis_url: str, redis: Redis, tmp_path: Path
) -> None:
    async with (
        lonely_api(mongodb_url, database, redis_url, tmp_path / "log") as (system, child),
        system.staff as staff,
        staff.socket() as socket,
    ):
        one = asyncio.create_task(staff.data(REGISTER, name="one", email="one@example.com", wait=1_000))
        await send(socket, "two", 1_000)
        await is_committed(mongodb_url, database, 2)
        child.terminate()
        assert (await one)["registerCustomer"]["receipt"] == {"projected": False}
        [two] = await socket.nexts("two", 1)
        assert two["registerCustomer"]["receipt"] == {"projected": False}
        assert await socket.receive() == {"type": "complete", "id": "two"}
        assert await close_code(socket.connection) == 1001
        assert await child.wait() == 0
    await is_committed(mongodb_url, database, 2)


async def test_subscribers_are_let_go_and_miss_nothing_elsewhere(system: System, tmp_path: Path) -> None:
    async with another_api(system, tmp_path / "log") as (other, child), other.staff as here, system.staff as elsewhere:
        order = (await here.place_order(await here.register_customer(), await here.add_product()))["id"]
        events = here.events(FOLLOW, id=order, after=0)
        async with here.socket() as socket, aclosing(events):
            await socket.subscribe("1", FOLLOW, id=order, after=0)
            assert [change["orderStatusChanged"]["version"] for change in await socket.nexts("1", 1)] == [1]
            assert (await anext(events))[1] == {"data": {"orderStatusChanged": {"version": 1, "status": "PLACED"}}}
            child.terminate()
            # No word more to either: `complete` would say that there is nothing to come back for.
            assert [event async for event in events] == []
            with pytest.raises(ConnectionClosed):
                await socket.receive()
            assert socket.connection.close_code == 1001  # going away: graphql-ws clients connect again
        async with asyncio.timeout(STOP_SECONDS):
            assert await child.wait() == 0
        await elsewhere.receipt("confirmOrder", orderId=order)
        again = elsewhere.events(FOLLOW, id=order, after=1)
        async with elsewhere.socket() as socket, aclosing(again):
            await socket.subscribe("1", FOLLOW, id=order, after=1)
            missed: list[Any] = await socket.nexts("1", 1)
            assert missed == [{"orderStatusChanged": {"version": 2, "status": "CONFIRMED"}}]
            assert (await anext(again))[1] == {"data": missed[0]}
    assert "Traceback" not in (tmp_path / "log").read_text()


async def test_a_load_balancer_hears_of_it_before_anybody_is_refused(system: System, tmp_path: Path) -> None:
    async with (
        another_api(system, tmp_path / "log", SHUTDOWN_NOTICE_SECONDS=NEVER) as (other, child),
        other.staff as staff,
        staff.socket() as socket,
    ):
        kept = await staff.http.post("/graphql", json={"query": "{ __typename }"})
        assert "connection" not in kept.headers
        child.terminate()
        async with httpx.AsyncClient(base_url=other.url) as balancer, asyncio.timeout(STOP_SECONDS):
            while (ready := await balancer.get("/readyz")).status_code == 200:
                pass
            assert ready.json()["missing"] == {"process": "is stopping"}
            assert (await balancer.get("/healthz")).status_code == 200
        last = await staff.http.post("/graphql", json={"query": "{ orders { totalCount } }"})
        assert "errors" not in last.json()
        assert last.headers["connection"] == "close"
        with pytest.raises(InvalidStatus) as refused:
            async with connect(other.url.replace("http:", "ws:") + "/graphql", proxy=None):
                pass
        assert refused.value.response.status_code == 503
        await socket.subscribe("1", "{ __typename }")  # who is in is still served
        assert await socket.nexts("1", 1) == [{"__typename": "Query"}]
        child.terminate()
        async with asyncio.timeout(STOP_SECONDS):
            assert await child.wait() == -signal.SIGTERM  # a second signal ends it at once


async def test_then_connections_that_wait_for_a_request_are_closed_and_new_ones_refused(
    mongodb_url: str, database: str, redis_url: str, redis: Redis, tmp_path: Path
) -> None:
    async with (
        lonely_api(mongodb_url, database, redis_url, tmp_path / "log") as (system, child),
        system.staff as staff,
    ):
        address = httpx.URL(system.url)
        idle, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
        await idle.readuntil(b"true}")
        busy = asyncio.create_task(staff.data(REGISTER, name="a", email="a@example.com", wait=2_000))
        await is_committed(mongodb_url, database, 1)
        child.terminate()
        async with asyncio.timeout(STOP_SECONDS):
            assert await idle.read() == b""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(address.host, address.port)
        assert not busy.done()
        assert (await busy)["registerCustomer"]["receipt"] == {"projected": False}
        writer.close()
        assert await child.wait() == 0


async def test_what_hangs_is_cut_off_when_the_grace_is_over(
    mongodb_url: str, database: str, redis_url: str, redis: Redis, tmp_path: Path
) -> None:
    async with (
        lonely_api(mongodb_url, database, redis_url, tmp_path / "log", SHUTDOWN_SECONDS="1") as (system, child),
        system.staff as staff,
        staff.socket() as socket,
    ):
        request = {"query": REGISTER, "variables": {"name": "one", "email": "one@example.com", "wait": 10_000}}
        hanging = asyncio.create_task(staff.http.post("/graphql", json=request))
        await send(socket, "two", 10_000)
        await is_committed(mongodb_url, database, 2)
        child.terminate()
        answer = await hanging
        assert answer.status_code == 503
        assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["UNAVAILABLE"]
        assert await close_code(socket.connection) == 1001
        async with asyncio.timeout(STOP_SECONDS):
            assert await child.wait() == 0
    assert "Traceback" not in (tmp_path / "log").read_text()
