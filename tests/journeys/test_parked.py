"""Poison in the journal, seen and repaired by an operator with the command line, while a subscriber looks on."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from pymongo import MongoClient
from redis.asyncio import Redis

from api.app import CHECKED_SECONDS
from read_model.schema.keys import Keys
from tests.projector.contents import damage
from tests.system import Client, System, running_system
from write_model.contracts.streams import partition_of

PARTITIONS = 2
FOLLOW = """
subscription($id: ID!) { orderStatusChanged(orderId: $id, afterVersion: 0) { version previousStatus status } }
"""
ALL_OF_THEM = """
subscription($id: ID!) { ordersChanged(customerId: $id) { cursor version status } }
"""
ORDER = "query($id: ID!) { order(id: $id) { version status timeline { version status } } }"


@pytest.fixture(scope="module")
async def system(mongodb_url: str) -> AsyncIterator[System]:
    """One of its own: it loses its Redis, and the journal of its database holds what nobody else can read."""
    with TemporaryDirectory(prefix="orderstream-parked-") as directory:
        settings = {"PARTITIONS": str(PARTITIONS)}
        async with running_system(Path(directory), mongodb_url, "test_parked", **settings) as system:
            yield system


async def orderstream(system: System, *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and complaints of `orderstream parked`."""

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", "-m", "stack", "parked", *arguments],
            cwd=system.log.parent,
            env={**os.environ, **system.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    done = await asyncio.to_thread(run)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


async def parked(system: System) -> list[dict[str, Any]]:
    code, out, _ = await orderstream(system, "list", "--json")
    assert code == 0
    found: list[dict[str, Any]] = json.loads(out)
    return found


async def commit_poison(system: System, order_id: str, version: int) -> None:
    """An event of a newer program, committed as it would be: journal and aggregate in one transaction."""

    def commit() -> None:
        with (
            MongoClient[dict[str, Any]](system.environment["MONGODB_URL"], tz_aware=True) as client,
            client.start_session() as session,
            session.start_transaction(),
        ):
            database = client[system.environment["MONGODB_DATABASE"]]
            before = database["journal"].find_one({"_id": f"{order_id}@{version - 1}"}, session=session)
            assert before is not None
            poison = {**before, "_id": f"{order_id}@{version}", "version": version, "ordinal": 0}
            database["journal"].insert_one(
                {**poison, "type": "OrderHeld", "data": {"until": "monday"}}, session=session
            )
            database["orders"].update_one({"_id": order_id}, {"$set": {"version": version}}, session=session)

    await asyncio.to_thread(commit)


async def send(staff: Client, name: str, **input: Any) -> None:
    """A command whose effect nobody waits for."""
    type_ = f"{name[0].upper()}{name[1:]}Input"
    query = f"mutation($input: {type_}!) {{ {name}(input: $input) {{ receipt {{ id }} userErrors {{ code }} }} }}"
    assert (await staff.data(query, input=input))[name]["receipt"]


async def until_parked(system: System, count: int) -> None:
    async with system.staff as staff, asyncio.timeout(30):
        while True:
            if (await staff.data("{ projection { parkedEvents } }"))["projection"]["parkedEvents"] == count:
                return
            await asyncio.sleep(0.05)


async def test_poison_is_shown_and_discarded_and_stays_discarded_when_redis_is_lost(system: System) -> None:
    async with system.staff as staff, staff.socket() as socket:
        customer_id, product_id = await staff.register_customer(), await staff.add_product()
        order_id = (await staff.place_order(customer_id, product_id))["id"]
        await socket.subscribe("status", FOLLOW, id=order_id)
        assert [change["orderStatusChanged"]["status"] for change in await socket.nexts("status", 1)] == ["PLACED"]

        await commit_poison(system, order_id, 2)
        await send(staff, "confirmOrder", orderId=order_id)
        await until_parked(system, 2)
        await asyncio.sleep(CHECKED_SECONDS)  # for so long readiness is what it was
        ready = await staff.http.get("/readyz")
        assert (ready.status_code, ready.json()["parkedEvents"]) == (200, 2)
        assert (await staff.data(ORDER, id=order_id))["order"]["status"] == "PLACED"

        [head] = await parked(system)
        assert (head["aggregate"], head["version"], head["type"], head["behind"]) == (order_id, 2, "OrderHeld", 1)
        assert head["reason"] == "UndecodableEvent: unknown event type 'OrderHeld'"
        code, out, _ = await orderstream(system, "list")
        assert (code, order_id in out, "OrderHeld" in out) == (0, True, True)
        code, out, _ = await orderstream(system, "show", head["id"])
        assert (code, '"until": "monday"' in out, "Behind it: 1" in out) == (0, True, True)

        code, out, _ = await orderstream(system, "retry", order_id)
        assert (code, "unknown event type 'OrderHeld'" in out) == (1, True)
        code, out, _ = await orderstream(system, "retry", order_id, "--json")
        [answer] = json.loads(out)
        assert (code, answer["aggregate"], answer["outcome"], answer["id"]) == (1, order_id, "stuck", head["id"])
        code, out, err = await orderstream(system, "discard", f"{order_id}@2", "--why", "a test")
        assert (code, "for ever?" in out, "Aborted" in err) == (1, True, True), "nobody said yes"
        assert len(await parked(system)) == 1
        code, out, _ = await orderstream(system, "discard", f"{order_id}@2", "--why", "a test", "--yes")
        assert (code, "is discarded" in out, "2 parked events taken in" in out) == (0, True, True)

        assert (await socket.nexts("status", 1))[0]["orderStatusChanged"] == {
            "version": 3, "previousStatus": "PLACED", "status": "CONFIRMED",
        }  # fmt: skip
        shown = (await staff.data(ORDER, id=order_id))["order"]
        assert (shown["version"], shown["status"]) == (3, "CONFIRMED")
        assert await parked(system) == []
        again, out, _ = await orderstream(system, "discard", f"{order_id}@2", "--yes")
        assert (again, "was discarded by" in out) == (0, True)

        async with Redis.from_url(system.environment["REDIS_URL"]) as redis:
            await redis.flushall()
        async with asyncio.timeout(60):
            while True:
                answer = await staff.run(ORDER, id=order_id)
                if "errors" not in answer:
                    break
                assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAVAILABLE"]
                await asyncio.sleep(0.1)
        assert answer["data"]["order"] == shown
        assert await parked(system) == []
        # The subscriber goes on, without a repetition.
        await staff.receipt("shipOrder", orderId=order_id, carrier="DHL", trackingNumber="1")
        assert (await socket.nexts("status", 1))[0]["orderStatusChanged"]["version"] == 4


async def test_what_can_be_projected_again_is_retried_and_subscribers_see_it(system: System) -> None:
    async with system.staff as staff, staff.socket() as socket:
        customer_id, product_id = await staff.register_customer(), await staff.add_product()
        ids = [(await staff.place_order(customer_id, product_id))["id"] for _ in range(2)]
        await socket.subscribe("all", ALL_OF_THEM, id=customer_id)
        for id in ids:
            await socket.subscribe(id, FOLLOW, id=id)
            await socket.nexts(id, 1)
        async with Redis.from_url(system.environment["REDIS_URL"], decode_responses=True) as redis:
            rows = [Keys(partition_of(id, PARTITIONS), 1).order(id) for id in ids]
            summaries = [str(await redis.hget(row, "summary")) for row in rows]
            for id, row in zip(ids, rows, strict=True):
                await damage(redis, partition_of(id, PARTITIONS), row)
            for id in ids:
                await send(staff, "confirmOrder", orderId=id)
                await send(staff, "shipOrder", orderId=id, carrier="DHL", trackingNumber="1")
            await until_parked(system, 4)
            assert [head["behind"] for head in await parked(system)] == [1, 1]
            for row, summary in zip(rows, summaries, strict=True):
                await redis.hset(row, "summary", summary)

        code, out, _ = await orderstream(system, "retry", "--all")
        assert (code, out.count("2 parked events taken in, nothing is parked any more.")) == (0, 2)
        seen: dict[str, list[str]] = {"all": [], ids[0]: [], ids[1]: []}
        cursors = []
        for _ in range(8):
            message = await socket.receive()
            change = next(iter(message["payload"]["data"].values()))
            seen[message["id"]].append(change["status"])
            cursors += [change["cursor"]] if "cursor" in change else []
        assert seen == {
            "all": ["CONFIRMED", "SHIPPED"] * 2, ids[0]: ["CONFIRMED", "SHIPPED"], ids[1]: ["CONFIRMED", "SHIPPED"],
        }  # fmt: skip
        assert len(set(cursors)) == 4
        assert (await staff.data("{ projection { parkedEvents } }"))["projection"]["parkedEvents"] == 0


async def test_what_is_not_parked_is_said_in_a_line(system: System) -> None:
    for arguments in (("show", "1-1"), ("retry", "ord_x"), ("discard", "nonsense", "--yes")):
        code, out, err = await orderstream(system, *arguments)
        assert (code, out) == (3, "")
        assert f"{arguments[1]} is not parked: `orderstream parked list` shows what is" in err
        assert err.count("\n") == 1
    code, out, _ = await orderstream(system, "retry", "--all")
    assert (code, out) == (0, "Nothing is parked.\n")
