"""Over every bound: the answer is UNAVAILABLE while others still wait; and once the pressure is gone, all works."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pymongo import AsyncMongoClient
from redis.asyncio import Redis
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from tests.api.processes import REGISTER, another_api, lonely_api
from tests.faults.proxy import HOST, Proxy
from tests.system import ANSWER_SECONDS, Client, System, customer_token

READ = "{ projection { parkedEvents } }"
WAIT = "query($token: ConsistencyToken!) { orders(consistentWith: [$token]) { totalCount } }"
COMMIT = """mutation($name: String!, $email: String!, $wait: Int!) {
    registerCustomer(input: {name: $name, email: $email}) { receipt { consistencyToken projected(timeoutMs: $wait) } }
}"""
FOLLOW = "subscription($id: ID!) { orderStatusChanged(orderId: $id, afterVersion: 0) { version } }"
ORDERS = "subscription { ordersChanged { orderId } }"
PROJECTED = {"data": {"projection": {"parkedEvents": 0}}}
BOTH = ["STALE_READ"] * 3 + ["THROTTLED"] * 2
LONG = "15"
"""Seconds: what is stalled goes on before, and whoever asks has patience."""


@asynccontextmanager
async def proxy(url: str) -> AsyncIterator[Proxy]:
    """A network before the server that can be stalled."""
    proxy = await Proxy.start(urlsplit(url).port or 0)
    try:
        yield proxy
    finally:
        proxy.stop()


def refusals(answers: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What the first error of each says: its code, and the first three words."""
    errors = [answer["errors"][0] for answer in answers]
    return [(error["extensions"]["code"], " ".join(error["message"].split()[:3])) for error in errors]


async def first(number: int, running: list[asyncio.Task[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The answers that come first; the others still wait then."""
    async with asyncio.timeout(ANSWER_SECONDS):
        while len(done := [task for task in running if task.done()]) < number:
            await asyncio.wait([task for task in running if not task.done()], return_when=asyncio.FIRST_COMPLETED)
    return [task.result() for task in done]


def started(*coroutines: Coroutine[Any, Any, dict[str, Any]]) -> list[asyncio.Task[dict[str, Any]]]:
    return [asyncio.create_task(coroutine) for coroutine in coroutines]


async def test_reads(system: System, tmp_path: Path) -> None:
    async with proxy(system.environment["REDIS_URL"]) as redis:
        settings = {
            "REDIS_URL": f"redis://{HOST}:{redis.port}/0", "READS_IN_FLIGHT": "3", "READ_TIMEOUT_SECONDS": LONG,
        }  # fmt: skip
        async with another_api(system, tmp_path / "log", **settings) as (other, _), other.staff as staff:
            assert await staff.run(READ) == PROJECTED
            redis.stall()
            reads = started(*(staff.run(READ) for _ in range(10)))
            assert refusals(await first(7, reads)) == [("UNAVAILABLE", "Too many reads")] * 7
            waiting = [read for read in reads if not read.done()]
            assert len(waiting) == 3
            redis.resume()
            assert await asyncio.gather(*waiting) == [PROJECTED] * 3
            assert await staff.run(READ) == PROJECTED


async def test_commands(mongodb_url: str, database: str, redis_url: str, redis: Redis, tmp_path: Path) -> None:
    async def register(staff: Client, n: int) -> dict[str, Any]:
        return await staff.run(REGISTER, name=f"c{n}", email=f"c{n}@example.com", wait=0)

    async with proxy(mongodb_url) as mongodb:
        url = f"mongodb://{HOST}:{mongodb.port}/?directConnection=true"
        bounds = {"COMMANDS_WAITING": "2", "COMMIT_BATCH": "2"}
        async with (
            lonely_api(url, database, redis_url, tmp_path / "log", **bounds) as (system, _),
            system.staff as staff,
        ):
            mongodb.stall()
            commands = started(*(register(staff, n) for n in range(20)))
            # Up to two are in the transaction that comes to no end, and two wait for theirs.
            assert set(refusals(await first(16, commands))) == {("UNAVAILABLE", "Too many commands")}
            mongodb.resume()
            answers = await asyncio.gather(*commands)
            taken = [answer["data"]["registerCustomer"] for answer in answers if "errors" not in answer]
            assert 2 <= len(taken) <= 4
            assert taken == [{"receipt": {"projected": False}, "userErrors": []}] * len(taken)
            refused = [answer for answer in answers if "errors" in answer]
            assert set(refusals(refused)) == {("UNAVAILABLE", "Too many commands")}
            await staff.data(REGISTER, name="c", email="c@example.com", wait=0)
        async with AsyncMongoClient[dict[str, object]](mongodb_url) as client:
            assert await client[database]["customers"].count_documents({}) == len(taken) + 1


async def test_waits_for_tokens(mongodb_url: str, database: str, redis_url: str, redis: Redis, tmp_path: Path) -> None:
    bounds = {"TOKEN_WAITS": "2", "STALE_READ_TIMEOUT_MS": "3000"}
    async with (
        lonely_api(mongodb_url, database, redis_url, tmp_path / "log", **bounds) as (system, _),
        system.staff as staff,
    ):
        # Nothing projects, so every token is waited for in vain.
        committed = await staff.data(COMMIT, name="one", email="one@example.com", wait=0)
        token = committed["registerCustomer"]["receipt"]["consistencyToken"]
        waits = started(*(staff.run(WAIT, token=token) for _ in range(5)))
        assert refusals(await first(3, waits)) == [("UNAVAILABLE", "Too many requests")] * 3
        # A receipt is never lost to that.
        committed = await staff.data(COMMIT, name="two", email="two@example.com", wait=10_000)
        assert committed["registerCustomer"]["receipt"]["projected"] is False
        waiting = [wait for wait in waits if not wait.done()]
        assert len(waiting) == 2
        assert {code for code, _ in refusals(await asyncio.gather(*waiting))} == {"STALE_READ"}
        assert await staff.codes(WAIT, token=token) == ["STALE_READ"]


async def test_subscriptions(system: System, tmp_path: Path) -> None:
    async with another_api(system, tmp_path / "log", SUBSCRIPTIONS="2") as (other, _), other.staff as staff:
        order = (await staff.place_order(await staff.register_customer(), await staff.add_product()))["id"]
        async with staff.socket() as socket:
            for id in ("1", "2"):
                await socket.subscribe(id, FOLLOW, id=order)
                await socket.nexts(id, 1)
            for id, query in (("3", FOLLOW), ("4", ORDERS)):
                await socket.subscribe(id, query, id=order)
                message = await socket.receive()
                assert message["id"] == id
                assert refusals([message["payload"]]) == [("UNAVAILABLE", "Too many subscriptions")]
                assert await socket.receive() == {"type": "complete", "id": id}
            await staff.receipt("confirmOrder", orderId=order)
            for _ in range(2):  # those that were there go on
                assert (await socket.receive())["payload"] == {"data": {"orderStatusChanged": {"version": 2}}}
            await socket.send(type="complete", id="1")
            async with asyncio.timeout(ANSWER_SECONDS):
                while True:
                    await socket.subscribe("5", FOLLOW, id=order)
                    if "errors" not in (await socket.receive())["payload"]:
                        break
                    await socket.receive()


async def test_requests(mongodb_url: str, database: str, redis_url: str, redis: Redis, tmp_path: Path) -> None:
    async with (
        lonely_api(mongodb_url, database, redis_url, tmp_path / "log", MAX_REQUESTS="1") as (system, _),
        system.staff as staff,
    ):
        sent = started(*(staff.run(REGISTER, name="a", email=f"{n}@example.com", wait=3_000) for n in range(3)))
        assert refusals(await first(2, sent)) == [("UNAVAILABLE", "Too many requests")] * 2
        refused = await staff.http.post("/graphql", json={"query": "{ __typename }"})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert (await staff.http.get("/healthz")).status_code == 200
        [waiting] = [request for request in sent if not request.done()]
        assert (await waiting)["data"]["registerCustomer"] == {"receipt": {"projected": False}, "userErrors": []}
        assert await staff.run("{ __typename }") == {"data": {"__typename": "Query"}}


async def test_requests_and_waits_of_one_client(
    mongodb_url: str, database: str, redis_url: str, redis: Redis, tmp_path: Path
) -> None:
    bounds = {"MAX_REQUESTS_PER_CLIENT": "3", "MAX_WAITS_PER_CLIENT": "3", "STALE_READ_TIMEOUT_MS": "3000"}
    async with (
        lonely_api(mongodb_url, database, redis_url, tmp_path / "log", **bounds) as (system, _),
        system.staff as staff,
        system.client(customer_token("cus_01m6a6ft00e00800000000000107")) as another,
    ):
        # Nothing projects, so every token is waited for in vain.
        committed = await staff.data(COMMIT, name="a", email="a@example.com", wait=0)
        token = committed["registerCustomer"]["receipt"]["consistencyToken"]
        requests = started(*(staff.run(WAIT, token=token) for _ in range(5)))
        others = started(another.run(WAIT, token=token))
        assert refusals(await first(2, requests)) == [("THROTTLED", "You have 3")] * 2
        assert {code for code, _ in refusals(await asyncio.gather(*others))} == {"STALE_READ"}
        assert sorted(code for code, _ in refusals(await asyncio.gather(*requests))) == BOTH
        async with staff.socket() as socket:
            for id in range(5):
                await socket.subscribe(str(id), WAIT, token=token)
            messages = [await socket.receive() for _ in range(10)]
            answers = [message["payload"] for message in messages if message["type"] == "next"]
            assert sorted(code for code, _ in refusals(answers)) == BOTH


async def test_sockets(system: System, tmp_path: Path) -> None:
    async with another_api(system, tmp_path / "log", MAX_SOCKETS="1") as (other, _), other.staff as staff:
        async with staff.socket() as socket:
            with pytest.raises(InvalidStatus) as refused:
                async with staff.socket():
                    pass
            assert refused.value.response.status_code == 503
            await socket.subscribe("1", READ)
            assert await socket.nexts("1", 1) == [PROJECTED["data"]]
        async with asyncio.timeout(ANSWER_SECONDS):
            while True:
                try:
                    async with staff.socket() as socket:
                        await socket.subscribe("1", READ)
                        assert await socket.nexts("1", 1) == [PROJECTED["data"]]
                    break
                except InvalidStatus:
                    pass


async def test_sockets_of_one_address(system: System, tmp_path: Path) -> None:
    async with another_api(system, tmp_path / "log", MAX_SOCKETS_PER_CLIENT="1") as (other, _), other.staff as staff:
        async with staff.socket():
            with pytest.raises(InvalidStatus) as refused:
                async with staff.socket():
                    pass
            assert refused.value.response.status_code == 429
            assert "THROTTLED" in refused.value.response.body.decode()
        async with asyncio.timeout(ANSWER_SECONDS):
            while True:
                try:
                    async with staff.socket():
                        break
                except InvalidStatus:
                    pass


async def test_subscriptions_of_one_client(system: System, tmp_path: Path) -> None:
    bounds = {"MAX_SUBSCRIPTIONS_PER_CLIENT": "2"}
    async with another_api(system, tmp_path / "log", **bounds) as (other, _), other.staff as staff:
        order = (await staff.place_order(customer := await staff.register_customer(), await staff.add_product()))["id"]
        events = staff.events(FOLLOW, id=order)
        assert (await anext(events))[0] == "next"
        async with staff.socket() as socket, other.client(customer_token(customer)) as buyer:
            await socket.subscribe("1", FOLLOW, id=order)
            await socket.nexts("1", 1)
            await socket.subscribe("2", FOLLOW, id=order)
            message = await socket.receive()
            assert (message["type"], message["id"]) == ("error", "2")
            assert refusals([{"errors": message["payload"]}]) == [("THROTTLED", "You have 2")]
            [(_, refused), *_] = [event async for event in staff.events(FOLLOW, id=order)]
            assert refusals([refused]) == [("THROTTLED", "You have 2")]
            async with buyer.socket() as another:
                await another.subscribe("1", FOLLOW, id=order)
                await another.nexts("1", 1)
            await events.aclose()
            async with asyncio.timeout(ANSWER_SECONDS):
                while True:
                    await socket.subscribe("3", FOLLOW, id=order)
                    if (await socket.receive())["type"] == "next":
                        break


async def test_a_socket_that_says_nothing(system: System, tmp_path: Path) -> None:
    async with another_api(system, tmp_path / "log", REQUEST_SECONDS="0.2") as (other, _):
        url = other.url.replace("http:", "ws:") + "/graphql"
        async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")], proxy=None) as connection:
            with pytest.raises(ConnectionClosed):
                async with asyncio.timeout(ANSWER_SECONDS):
                    await connection.recv()
            assert connection.close_code == 4408


async def test_connections_that_say_nothing(system: System, tmp_path: Path) -> None:
    bounds = {"MAX_CONNECTIONS": "5", "REQUEST_SECONDS": "60"}
    async with another_api(system, tmp_path / "log", **bounds) as (other, _), other.staff as staff:
        port = urlsplit(other.url).port
        silent = [await asyncio.open_connection(HOST, port) for _ in range(20)]
        try:
            assert await staff.run(READ) == PROJECTED
        finally:
            for _, writer in silent:
                writer.close()


async def test_bodies(system: System, tmp_path: Path) -> None:
    async with another_api(system, tmp_path / "log", MAX_BODY_BYTES="1024") as (other, _), other.staff as staff:
        for length, status in ((1_024, 200), (1_025, 413), (100_000, 413)):
            body = json.dumps({"query": READ}).ljust(length).encode()
            answer = await staff.http.post("/graphql", content=body, headers={"content-type": "application/json"})
            assert answer.status_code == status
            if status == 413:
                assert "longer than 1024 bytes" in answer.json()["errors"][0]["message"]
