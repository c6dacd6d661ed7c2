"""The operators' part of the API beside a running system: what is parked, what is made anew, what has happened."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from redis.asyncio import Redis

from read_model.schema.keys import Keys
from tests.journeys.documents import selection
from tests.journeys.rebuilds import orderstream
from tests.journeys.test_parked import commit_poison, send, until_parked
from tests.projector.contents import damage
from tests.system import Client, System, running_system
from write_model.contracts.codec import encode_time
from write_model.contracts.streams import partition_of, projected_key

PARTITIONS = 2
PARKED = f"query($after: String) {{ parkedEvents(first: 1, after: $after) {selection('ParkedEventConnection')} }}"
ONE = f"query($id: ID!) {{ parkedEvent(id: $id) {selection('ParkedEvent')} }}"
RETRY = f"mutation($id: ID!) {{ retryParked(input: {{id: $id}}) {selection('ParkingResult')} }}"
DISCARD = f"""mutation($id: ID!, $why: String!) {{
    discardParked(input: {{id: $id, why: $why}}) {selection("ParkingResult")}
}}"""
HISTORY = f"""query($id: ID!, $first: Int, $after: String) {{ orderHistory(id: $id, first: $first, after: $after) {{
    isWhole totalCount pageInfo {{ hasNextPage endCursor }} order {{ status version }} nodes {selection("OrderEvent")}
}} }}"""
PROGRESS = "subscription { operationsChanged { partitions { number generation rebuild { generation problem } } } }"


@pytest.fixture(scope="module")
async def system(mongodb_url: str) -> AsyncIterator[System]:
    """One of its own: something is parked in it."""
    with TemporaryDirectory(prefix="orderstream-operations-") as directory:
        settings = {"PARTITIONS": str(PARTITIONS)}
        async with running_system(Path(directory), mongodb_url, "test_operations", **settings) as system:
            yield system


async def history(staff: Client, id: str, **page: Any) -> Any:
    return (await staff.data(HISTORY, id=id, **page))["orderHistory"]


async def journal(system: System, order_id: str) -> list[dict[str, Any]]:
    """The order's events in the journal, by version."""
    async with AsyncMongoClient[dict[str, Any]](system.environment["MONGODB_URL"], tz_aware=True) as client:
        events = client[system.environment["MONGODB_DATABASE"]]["journal"].find({"aggregate_id": order_id})
        return await events.sort("version", 1).to_list()


async def test_the_history_of_an_order_is_the_journals_before_and_after_a_rebuild(system: System) -> None:
    async with system.staff as staff, staff.socket() as socket:
        customer_id, product_id = await staff.register_customer(), await staff.add_product()
        order_id = (await staff.receipt("createOrder", customerId=customer_id))["id"]
        await staff.receipt("addOrderItem", orderId=order_id, productId=product_id, quantity=2)
        await staff.receipt("cancelOrder", orderId=order_id, reason="OTHER")
        told = await history(staff, order_id)
        committed = await journal(system, order_id)
        assert [event["version"] for event in committed] == [1, 2, 3]
        assert [
            (event["id"], event["type"], event["occurredAt"], event["commandId"], event["actor"], event["data"])
            for event in told["nodes"]
        ] == [
            (its["_id"], its["type"], encode_time(its["occurred_at"]), its["command_id"], its["actor"], its["data"])
            for its in committed
        ]
        assert (told["isWhole"], told["totalCount"], told["order"]) == (True, 3, {"status": "CANCELLED", "version": 3})
        pages = [await history(staff, order_id, first=2), await history(staff, order_id, first=2, after="2")]
        assert [event for page in pages for event in page["nodes"]] == told["nodes"]
        assert [page["pageInfo"] for page in pages] == [
            {"hasNextPage": True, "endCursor": "2"}, {"hasNextPage": False, "endCursor": "3"},
        ]  # fmt: skip

        await socket.subscribe("1", PROGRESS)
        await socket.nexts("1", 1)
        query = "mutation { rebuild(input: {}) { receipts { partition generation isNew } userErrors { code } } }"
        asked = (await staff.data(query))["rebuild"]
        assert asked["userErrors"] == []
        generations = {receipt["partition"]: receipt["generation"] for receipt in asked["receipts"]}
        assert list(generations) == [0, 1]
        async with asyncio.timeout(60):
            while True:
                [now] = await socket.nexts("1", 1)
                partitions = now["operationsChanged"]["partitions"]
                if {its["number"]: its["generation"] for its in partitions} == generations:
                    break
        assert [its["rebuild"] for its in partitions] == [None, None]
        assert await history(staff, order_id) == told
        exit_code, outcome = await orderstream(system, "verify")
        assert (exit_code, outcome["count"]) == (0, 0)


async def test_an_event_is_parked_retried_and_discarded(system: System) -> None:
    async with system.staff as staff:
        customer_id, product_id = await staff.register_customer(), await staff.add_product()
        order_id = (await staff.place_order(customer_id, product_id))["id"]
        await commit_poison(system, order_id, 2)
        await send(staff, "confirmOrder", orderId=order_id)
        await until_parked(system, 2)

        page = (await staff.data(PARKED))["parkedEvents"]
        [parked] = page["nodes"]
        assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (2, False)
        assert (parked["id"], parked["type"], parked["version"], parked["behind"]) == (
            f"{order_id}@2", "OrderHeld", 2, 1,
        )  # fmt: skip
        assert parked["reason"] == "UndecodableEvent: unknown event type 'OrderHeld'"
        assert parked["entry"]["data"] == {"until": "monday"}
        assert (await staff.data(PARKED, after=page["pageInfo"]["endCursor"]))["parkedEvents"]["nodes"] == []
        for id in (parked["id"], parked["position"], order_id):
            assert (await staff.data(ONE, id=id))["parkedEvent"] == parked
        behind = (await staff.data(ONE, id=f"{order_id}@3"))["parkedEvent"]
        assert (behind["type"], behind["behind"]) == ("OrderConfirmed", 0)

        retried = (await staff.data(RETRY, id=order_id))["retryParked"]
        assert retried["userErrors"] == []
        assert (retried["receipt"]["outcome"], retried["receipt"]["takenIn"]) == ("STUCK", 0)
        assert (retried["receipt"]["position"], retried["receipt"]["reason"]) == (parked["position"], parked["reason"])
        refused = (await staff.data(DISCARD, id=order_id, why=""))["discardParked"]
        assert [error["code"] for error in refused["userErrors"]] == ["NOT_FOUND"], "an event is to be named"
        refused = (await staff.data(DISCARD, id=parked["id"], why="x" * 501))["discardParked"]
        assert [error["code"] for error in refused["userErrors"]] == ["INVALID_INPUT"]

        discarded = (await staff.data(DISCARD, id=parked["id"], why="a test"))["discardParked"]
        assert discarded["userErrors"] == []
        assert (discarded["receipt"]["outcome"], discarded["receipt"]["takenIn"]) == ("FREE", 2)
        assert (await staff.data(PARKED))["parkedEvents"]["totalCount"] == 0
        told = await history(staff, order_id)
        assert [(event["type"], event["isDiscarded"]) for event in told["nodes"]] == [
            ("OrderPlaced", False), ("OrderHeld", True), ("OrderConfirmed", False),
        ]  # fmt: skip
        assert told["order"] == {"status": "CONFIRMED", "version": 3}
        async with AsyncMongoClient[dict[str, Any]](system.environment["MONGODB_URL"]) as client:
            record = await client[system.environment["MONGODB_DATABASE"]]["discarded"].find_one({"_id": parked["id"]})
        assert record is not None
        assert (record["by"], record["why"]) == ("staff:staff", "a test")


async def test_what_can_be_projected_again_is_retried(system: System) -> None:
    async with system.staff as staff:
        order_id = (await staff.place_order(await staff.register_customer(), await staff.add_product()))["id"]
        partition = partition_of(order_id, PARTITIONS)
        async with Redis.from_url(system.environment["REDIS_URL"], decode_responses=True) as redis:
            generation = int(await redis.hget(projected_key(partition), "generation") or 1)
            row = Keys(partition, generation).order(order_id)
            summary = str(await redis.hget(row, "summary"))
            await damage(redis, partition, row)
            await send(staff, "confirmOrder", orderId=order_id)
            await until_parked(system, 1)
            await redis.hset(row, "summary", summary)
        retried = (await staff.data(RETRY, id=f"{order_id}@2"))["retryParked"]["receipt"]
        assert (retried["outcome"], retried["takenIn"], retried["reason"]) == ("FREE", 1, None)
        told = await history(staff, order_id)
        assert [event["version"] for event in told["nodes"]] == [1, 2]
        assert told["order"]["status"] == "CONFIRMED"
        again = (await staff.data(RETRY, id=f"{order_id}@2"))["retryParked"]
        assert [error["code"] for error in again["userErrors"]] == ["NOT_FOUND"]


async def test_every_process_tells_what_it_does(system: System) -> None:
    query = "{ operations { processes { part leads partitions commandsPerSecond } flow { subscriptions } } }"
    async with system.staff as staff, asyncio.timeout(30):
        while True:
            told = (await staff.data(query))["operations"]
            parts = {process["part"]: process for process in told["processes"]}
            if parts.keys() == {"api", "relay", "projector", "worker"} and parts["relay"]["leads"]:
                break
            await asyncio.sleep(0.2)
        assert parts["projector"]["partitions"] == [0, 1]
        assert (parts["api"]["leads"], parts["worker"]["leads"]) == (None, True)


async def test_what_cannot_be_rebuilt_is_said(system: System) -> None:
    query = "mutation($input: RebuildInput!) { rebuild(input: $input) { receipts { generation } userErrors { code } } }"
    async with system.staff as staff:
        for input in ({"partitions": [PARTITIONS]}, {"eventsPerSecond": 0.5}):
            refused = (await staff.data(query, input=input))["rebuild"]
            assert (refused["receipts"], [error["code"] for error in refused["userErrors"]]) == ([], ["INVALID_INPUT"])
