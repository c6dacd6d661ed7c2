"""An operation that takes too long is cut off; what it has begun to commit is committed all the same."""

import asyncio
from pathlib import Path

import pytest
from redis.asyncio import Redis

from api.running import Operation, Running, TimedOut
from tests.api.connections import until
from tests.api.processes import lonely_api
from tests.api.test_bounds import proxy
from tests.faults.proxy import HOST

REGISTER = """mutation($email: String!) {
    registerCustomer(input: {name: "a", email: $email}, idempotencyKey: "once") {
        receipt { replayed }
        userErrors { code }
    }
}"""


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_the_oldest_are_cut_off_and_nobody_else() -> None:
    running = Running(seconds=10)

    async def work() -> str:
        with Operation(running):
            await asyncio.Event().wait()
        return "never"

    old = asyncio.create_task(work())
    await until(lambda: running.since)
    running.sweep(now() + 9)
    await asyncio.sleep(0)
    assert not old.done()
    running.sweep(now() + 11)
    with pytest.raises(TimedOut):
        await old
    assert (running.since, running.cut, old.cancelling()) == ({}, set(), 0)


async def test_who_is_cancelled_by_others_is_not_late() -> None:
    running = Running(seconds=10)

    async def work() -> None:
        with Operation(running):
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await until(lambda: running.since)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert running.since == {}


async def test_what_is_endless_goes_on() -> None:
    running, go = Running(seconds=10), asyncio.Event()

    async def work() -> str:
        with Operation(running, lambda: True):
            await go.wait()
        return "done"

    task = asyncio.create_task(work())
    await until(lambda: running.since)
    running.sweep(now() + 11)
    assert running.since == {}
    go.set()
    assert await task == "done"


@pytest.mark.parametrize("door", ["post", "socket", "events"])
async def test_a_mutation_that_is_cut_off_is_committed_all_the_same(
    mongodb_url: str, database: str, redis_url: str, redis: Redis, tmp_path: Path, door: str
) -> None:
    async with proxy(mongodb_url) as mongodb:
        url = f"mongodb://{HOST}:{mongodb.port}/?directConnection=true"
        async with (
            lonely_api(url, database, redis_url, tmp_path / "log", EXECUTION_SECONDS="0.5") as (system, _),
            system.staff as staff,
        ):
            for _ in range(2):  # so that there is a plan
                await staff.data('mutation { confirmOrder(input: {orderId: "x"}) { userErrors { code } } }')
            mongodb.stall()
            variables = {"email": "one@example.com"}
            if door == "post":
                answer = await staff.http.post("/graphql", json={"query": REGISTER, "variables": variables})
                assert answer.status_code == 504
                errors = answer.json()["errors"]
            elif door == "socket":
                async with staff.socket() as socket:
                    await socket.subscribe("1", REGISTER, **variables)
                    message = await socket.receive()
                    assert message["type"] == "error"
                    errors = message["payload"]
            else:
                [(_, event), *_] = [event async for event in staff.events(REGISTER, **variables)]
                errors = event["errors"]
            assert [error["extensions"]["code"] for error in errors] == ["TIMEOUT"]
            mongodb.resume()
            for _ in range(200):
                if "errors" not in (again := await staff.run(REGISTER, **variables)):
                    break
                await asyncio.sleep(0.05)
            assert again["data"]["registerCustomer"] == {"receipt": {"replayed": True}, "userErrors": []}
