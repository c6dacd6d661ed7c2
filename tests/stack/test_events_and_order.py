"""`orderstream events` and `orderstream order` beside a running system, whose parts come and go."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from pymongo import MongoClient
from redis.asyncio import Redis

from read_model.schema.keys import Keys
from stack.events import history
from stack.exit_codes import ExitCode
from stack.operator_error import OperatorError
from stack.order import command
from tests.faults.proxy import Proxy
from tests.stack.programs import COMMAND, run, watched
from tests.system import Client, System, running_system
from write_model.contracts.streams import partition_of

PARTITIONS = 2


@pytest.fixture(scope="module")
async def system(mongodb_url: str) -> AsyncIterator[System]:
    with TemporaryDirectory(prefix="orderstream-events-") as directory:
        async with running_system(Path(directory), mongodb_url, "test_events", PARTITIONS=str(PARTITIONS)) as system:
            yield system
    with MongoClient[dict[str, Any]](mongodb_url) as client:
        client.drop_database("test_events")


@pytest.fixture
async def staff(system: System) -> AsyncIterator[Client]:
    async with system.staff as staff:
        yield staff


async def place(staff: Client) -> str:
    return str((await staff.place_order(await staff.register_customer(), await staff.add_product()))["id"])


async def confirm(staff: Client, order_id: str) -> None:
    """Committed, whether anybody projects it or not."""
    query = "mutation($id: ID!) { confirmOrder(input: { orderId: $id }) { receipt { version } } }"
    assert (await staff.data(query, id=order_id))["confirmOrder"]["receipt"]


async def cancel(staff: Client, order_id: str) -> None:
    query = "mutation($id: ID!) { cancelOrder(input: { orderId: $id, reason: OTHER }) { receipt { id } } }"
    assert (await staff.data(query, id=order_id))["cancelOrder"]["receipt"]


Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def environment(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command of this process is told; processes of their own are told it as well."""
    for name, value in system.environment.items():
        monkeypatch.setenv(name, value)


async def order(id: str, said: Said, exit_code: ExitCode) -> dict[str, Any]:
    """What is said of an order, as JSON."""
    code, found = await attempt(id, said)
    assert code == exit_code, found
    return found


async def attempt(id: str, said: Said) -> tuple[ExitCode, dict[str, Any]]:
    said.readouterr()
    code = await command.run(id, as_json=True)
    return code, json.loads(said.readouterr().out)


async def until(id: str, said: Said, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """What is said of an order, once it is so."""
    async with asyncio.timeout(60):
        while not condition((await attempt(id, said))[1]):  # noqa: ASYNC110 - other processes set no events
            await asyncio.sleep(0.1)
    return (await attempt(id, said))[1]


@asynccontextmanager
async def stopped(system: System, *parts: str) -> AsyncIterator[None]:
    """These processes do nothing during the block."""
    for part in parts:
        os.kill(system.processes[part].pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for part in parts:
            os.kill(system.processes[part].pid, signal.SIGCONT)


async def test_events_are_followed_as_they_are_committed_until_ctrl_c(system: System, staff: Client) -> None:
    first, other = await place(staff), await place(staff)
    since = ["--since", "1h", "--json"]
    async with watched(system.log.parent, system.environment, "events", "tail", "--aggregate", first, *since) as tail:
        [placed] = await tail.objects(1)
        assert (placed["id"], placed["type"], placed["version"]) == (f"{first}@1", "OrderPlaced", 1)
        assert placed["data"]["lines"][0]["quantity"] == 1
        await confirm(staff, other)
        await confirm(staff, first)
        [confirmed] = await tail.objects(1)
        assert confirmed["id"] == f"{first}@2"
        tail.process.send_signal(signal.SIGINT)
        assert await tail.end() == (130, "")
    # From the position of one event on, everything behind it, and nothing else.
    behind = ("--since", placed["position"], "--type", "OrderConfirmed", "--json")
    async with watched(system.log.parent, system.environment, "events", "tail", *behind) as tail:
        assert [event["id"] for event in await tail.objects(2)] == [f"{other}@2", f"{first}@2"]


async def test_the_past_is_in_the_order_of_commits_and_joins_the_present(system: System, staff: Client) -> None:
    ids = [await place(staff) for _ in range(3)]
    arguments = ("events", "tail", "--since", "1970-01-01", "--json")
    async with watched(system.log.parent, system.environment, *arguments) as tail:
        seen: list[dict[str, Any]] = []
        for id in [*ids, await place(staff)]:
            while not seen or seen[-1]["id"] != f"{id}@1":
                seen += await tail.objects(1)
    positions = [tuple(map(int, event["position"].split("-"))) for event in seen]
    assert positions == sorted(set(positions))
    with MongoClient[dict[str, Any]](system.environment["MONGODB_URL"]) as client:
        journal = client[system.environment["MONGODB_DATABASE"]]["journal"]
        assert {event["id"] for event in seen} <= {document["_id"] for document in journal.find({}, {"_id": 1})}
    assert len({event["id"] for event in seen}) == len(seen)


async def test_a_lost_connection_is_made_again_without_a_gap(system: System, staff: Client) -> None:
    id = await place(staff)
    url = system.environment["MONGODB_URL"]
    proxy = await Proxy.start(int(url.split("/")[2].rpartition(":")[2]))
    direct = {"MONGODB_URL": f"mongodb://127.0.0.1:{proxy.port}/?directConnection=true"}
    arguments = ("events", "tail", "--aggregate", id, "--since", "1h", "--json")
    try:
        async with watched(system.log.parent, {**system.environment, **direct}, *arguments) as tail:
            assert [event["version"] for event in await tail.objects(1)] == [1]
            target, proxy.target = proxy.target, 1  # nobody listens there
            proxy.cut()
            assert "MongoDB does not answer, the next attempt is in 0.5 s" in await tail.complaint()
            await confirm(staff, id)
            proxy.target = target
            assert [event["version"] for event in await tail.objects(1)] == [2]
            await staff.receipt("shipOrder", orderId=id, carrier="DHL", trackingNumber="1")
            assert [event["version"] for event in await tail.objects(1)] == [3]
    finally:
        proxy.stop()


async def test_ctrl_c_ends_it_while_mongodb_says_nothing(system: System, staff: Client) -> None:
    id = await place(staff)
    proxy = await Proxy.start(int(system.environment["MONGODB_URL"].split("/")[2].rpartition(":")[2]))
    direct = {"MONGODB_URL": f"mongodb://127.0.0.1:{proxy.port}/?directConnection=true"}
    arguments = ("events", "tail", "--aggregate", id, "--since", "1h")
    try:
        async with watched(system.log.parent, {**system.environment, **direct}, *arguments) as tail:
            assert id in await tail.line()
            proxy.stall()
            tail.process.send_signal(signal.SIGINT)
            assert await tail.end() == (130, "")
    finally:
        proxy.stop()


async def test_it_ends_when_its_reader_has_gone_though_nothing_happens(system: System, staff: Client) -> None:
    id = await place(staff)
    reader, writer = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *(*COMMAND, "events", "tail", "--since", "1h", "--aggregate", id),
        cwd=system.log.parent,
        env={**os.environ, **system.environment},
        stdout=writer,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(writer)
    assert b"OrderPlaced" in await asyncio.to_thread(os.read, reader, 100)
    os.close(reader)
    async with asyncio.timeout(60):
        _, complaints = await process.communicate()
    assert (process.returncode, complaints) == (141, b"")


async def test_events_are_shown_whole(staff: Client, capsys: Said) -> None:
    id = await place(staff)
    await staff.receipt("confirmOrder", orderId=id)
    await history.show(id, as_json=True)
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["type"] for event in events] == ["OrderPlaced", "OrderConfirmed"]
    assert events[0]["discarded"] is None
    await history.show(f"{id}@2", as_json=True)
    assert json.loads(capsys.readouterr().out) == events[1]
    await history.show(id, as_json=False)
    text = capsys.readouterr().out
    assert f"OrderPlaced  {id}@1" in text
    assert '"city": "London"' in text


async def test_an_event_that_was_given_up_says_so(system: System, staff: Client, capsys: Said) -> None:
    id = await place(staff)
    record = {
        "_id": f"{id}@1",
        "position": "1-1",
        "by": "sam",
        "at": datetime(2026, 11, 20, tzinfo=UTC),
        "why": "a test",
    }
    with MongoClient[dict[str, Any]](system.environment["MONGODB_URL"]) as client:
        discarded = client[system.environment["MONGODB_DATABASE"]]["discarded"]
        discarded.insert_one(record)
        await history.show(id, as_json=True)
        discarded.delete_one({"_id": f"{id}@1"})
    at = "2026-11-20T00:00:00.000Z"
    assert json.loads(capsys.readouterr().out)["discarded"] == {"by": "sam", "at": at, "why": "a test"}


async def test_an_event_that_is_not_there_is_said_with_what_is(staff: Client) -> None:
    id = await place(staff)
    for what, said in ((f"{id}@9", f"the last one of {id} is @1"), (f"{id[:-2]}zz", "it has none of")):
        with pytest.raises(OperatorError, match=said):
            await history.show(what, as_json=True)


async def test_an_order_that_is_shown_agrees(staff: Client, capsys: Said) -> None:
    id = await place(staff)
    found = await order(id, capsys, ExitCode.DONE)
    assert (found["agree"], found["problems"], found["differences"]) == (True, [], [])
    assert found["state"] == found["row"]
    assert (found["state"]["status"], found["state"]["lines"][0]["quantity"]) == ("PLACED", 1)
    assert [(event["type"], event["in_redis"]) for event in found["events"]] == [("OrderPlaced", "shown")]
    assert await command.run(id, as_json=False) == ExitCode.DONE
    assert "MongoDB, Redis and the journal agree." in capsys.readouterr().out


async def test_what_is_behind_is_said_with_what_it_waits_for(system: System, staff: Client, capsys: Said) -> None:
    id, other = await place(staff), await place(staff)
    async with stopped(system, "projector"):
        for its in (id, other):
            await confirm(staff, its)
        await cancel(staff, other)
        await until(other, capsys, lambda found: found["events"][2]["in_redis"] == "published")
        found = await until(id, capsys, lambda found: found["events"][1]["in_redis"] == "published")
        assert found["problems"][0] == "The row is at version 1, 1 event behind."
        assert "see that a projector runs" in found["problems"][1]
        assert (found["differences"], found["agree"]) == ([], False)
        async with stopped(system, "relay"):
            await cancel(staff, id)
            events = (await order(id, capsys, ExitCode.NO))["events"]
            assert [event["in_redis"] for event in events] == ["shown", "published", "not published"]
    found = await until(id, capsys, lambda found: found["agree"])
    assert found["row"]["status"] == "CANCELLED"


async def test_an_order_without_a_row_waits_for_the_relay(system: System, staff: Client, capsys: Said) -> None:
    customer_id, product_id = await staff.register_customer(), await staff.add_product()
    async with stopped(system, "relay"):
        placing = """mutation($customer: ID!, $product: ID!) { placeOrder(input: {
            customerId: $customer, lines: [{ productId: $product, quantity: 1 }],
            shippingAddress: { recipient: "A", street: "B", city: "C", postalCode: "D", countryCode: "GB" }
        }) { receipt { id } } }"""
        placed = await staff.data(placing, customer=customer_id, product=product_id)
        id = placed["placeOrder"]["receipt"]["id"]
        found = await until(id, capsys, lambda found: "see that a relay runs" in found["problems"][1])
        assert found["problems"][0] == "There is no row yet, 1 event behind."
        assert (found["row"], found["state"]["status"]) == (None, "PLACED")
    await until(id, capsys, lambda found: found["agree"])


async def test_what_differs_is_named(system: System, staff: Client, capsys: Said) -> None:
    id = await place(staff)
    row = Keys(partition_of(id, PARTITIONS), 1).order(id)
    async with Redis.from_url(system.environment["REDIS_URL"], decode_responses=True) as redis:
        summary = str(await redis.hget(row, "summary"))
        await redis.hset(row, "summary", summary.replace('"PLACED"', '"SHIPPED"'))
        found = await order(id, capsys, ExitCode.NO)
        assert found["differences"] == ["status"]
        assert found["problems"][0] == "status: Redis has it otherwise than the journal"
        await redis.hset(row, "summary", "nonsense")
        assert "The row cannot be read" in (await order(id, capsys, ExitCode.NO))["problems"][0]
        await redis.hset(row, "summary", summary)
    with MongoClient[dict[str, Any]](system.environment["MONGODB_URL"]) as client:
        orders = client[system.environment["MONGODB_DATABASE"]]["orders"]
        orders.update_one({"_id": id}, {"$inc": {"total": 1}})
        found = await order(id, capsys, ExitCode.NO)
        assert found["problems"][0] == "total: MongoDB has it otherwise than the journal"
        orders.update_one({"_id": id}, {"$inc": {"total": -1}})


@pytest.mark.parametrize(
    ("variable", "nobody", "missing", "there"),
    [
        ("MONGODB_URL", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100", "state", "row"),
        ("REDIS_URL", "redis://127.0.0.1:1/0", "row", "state"),
    ],
)
async def test_half_of_the_servers_show_their_half(
    system: System, staff: Client, variable: str, nobody: str, missing: str, there: str
) -> None:
    id = await place(staff)
    done = await run(system.log.parent, {**system.environment, variable: nobody}, "order", id, "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found[missing], found["agree"]) == (3, None, False)
    assert found[there]["status"] == "PLACED"
    assert done.stderr.startswith("orderstream: ")
    assert done.stderr.count("\n") == 1
    assert f"heck {variable}" in done.stderr


async def test_an_order_that_nobody_has_is_said() -> None:
    id = "ord_" + "0" * 28
    with pytest.raises(OperatorError, match=f"MongoDB has no order {id}"):
        await command.run(id, as_json=True)
