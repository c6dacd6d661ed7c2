"""Fan-out: many clients who follow the same, those who leave in between, and those who do not read."""

from collections import defaultdict
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from read_model.schema.changes import OrderChanged
from tests.api.processes import another_api, lonely_api
from tests.read_model.projected import PARTITIONS, Projected, make_id
from tests.system import Client, Socket, System
from write_model.contracts.streams import Token

FOLLOW = """subscription($id: ID!, $after: Int) {
    orderStatusChanged(orderId: $id, afterVersion: $after) { version previousStatus status }
}"""
LIFE = [
    {"version": version, "previousStatus": previous, "status": status}
    for version, (previous, status) in enumerate(
        [(None, "PLACED"), ("PLACED", "CONFIRMED"), ("CONFIRMED", "SHIPPED"), ("SHIPPED", "DELIVERED")], 1
    )
]
LONG = "15"
VERSIONS = "subscription($after: String) { ordersChanged(after: $after) { version } }"
WIDE = VERSIONS.replace(
    "{ version }", "{ version cursor " + " ".join(f"{name * 7_000}: version" for name in "abcdefghij") + "}"
)
"""An event of it has 70,000 characters, which soon fill what lies between two processes."""


async def hear(socket: Socket, messages: int) -> dict[str, list[Any]]:
    """The events in the next so many messages, by subscription; nothing else follows."""
    heard = defaultdict(list)
    for _ in range(messages):
        message = await socket.receive()
        assert message["type"] == "next", message
        [event] = message["payload"]["data"].values()
        heard[message["id"]].append(event)
    await socket.send(type="ping")
    assert await socket.receive() == {"type": "pong"}
    return heard


async def place(staff: Client) -> str:
    return str((await staff.place_order(await staff.register_customer(), await staff.add_product()))["id"])


async def ship_and_deliver(staff: Client, order_id: str) -> None:
    await staff.receipt("shipOrder", orderId=order_id, carrier="DHL", trackingNumber="JD01")
    await staff.receipt("deliverOrder", orderId=order_id)


async def test_a_thousand_subscribers_of_an_order_hear_every_status_once_and_in_order(
    system: System, tmp_path: Path
) -> None:
    async with AsyncExitStack() as open:
        # What is asked here is what is heard, not how soon.
        api, _ = await open.enter_async_context(another_api(system, tmp_path / "log", READ_TIMEOUT_SECONDS=LONG))
        staff = await open.enter_async_context(api.staff)
        order_id = await place(staff)
        sockets = [await open.enter_async_context(staff.socket()) for _ in range(20)]
        heard = []
        for socket in sockets:
            for number in range(50):
                await socket.subscribe(str(number), FOLLOW, id=order_id, after=0)
            heard.append(await hear(socket, 50))
        await staff.receipt("confirmOrder", orderId=order_id)
        await ship_and_deliver(staff, order_id)
        for socket, first in zip(sockets, heard, strict=True):
            later = await hear(socket, 3 * 50)
            assert [first[str(number)] + later[str(number)] for number in range(50)] == [LIFE] * 50


async def test_who_leaves_in_between_hears_no_more_and_the_others_all(staff: Client) -> None:
    order_id = await place(staff)
    async with staff.socket() as socket:
        for number in range(20):
            await socket.subscribe(str(number), FOLLOW, id=order_id, after=0)
        await hear(socket, 20)
        await staff.receipt("confirmOrder", orderId=order_id)
        await hear(socket, 20)
        for number in range(10):
            await socket.send(type="complete", id=str(number))
        await hear(socket, 0)
        await ship_and_deliver(staff, order_id)
        assert await hear(socket, 20) == {str(number): LIFE[2:] for number in range(10, 20)}


async def test_who_does_not_read_is_told_so_and_resumes(
    mongodb_url: str, database: str, redis_url: str, redis: Redis, tmp_path: Path
) -> None:
    projected, versions = Projected(redis), count(1)
    await projected.complete()
    order_id, customer_id = make_id("ord", 1), make_id("cus", 1)

    async def say(times: int) -> None:
        for version in [next(versions) for _ in range(times)]:
            await projected.announce(
                OrderChanged(order_id, customer_id, version, None, "PLACED", "2026-11-20T09:30:00Z")
            )

    settings = {"PARTITIONS": str(PARTITIONS), "SUBSCRIBER_BUFFER": "8", "READ_TIMEOUT_SECONDS": LONG}
    async with (
        lonely_api(mongodb_url, database, redis_url, tmp_path / "log", **settings) as (system, _),
        system.staff as staff,
        staff.socket() as reading,
        staff.socket() as idle,
    ):
        now = await projected.watermark(*range(PARTITIONS))
        after = Token.at(now, range(PARTITIONS)).encode()
        await reading.subscribe("0", VERSIONS, after=after)
        for number in range(20):
            await idle.subscribe(str(number), WIDE, after=after)
        for version in (1, 2):  # whoever has heard the second is live
            await say(1)
            assert await hear(reading, 1) == {"0": [{"version": version}]}
            await hear(idle, 20)
        await say(40)
        assert await hear(reading, 40) == {"0": [{"version": version} for version in range(3, 43)]}
        heard = defaultdict(list)
        ended: set[str] = set()
        while len(ended) < 20:
            message = await idle.receive()
            if message["type"] == "complete":
                ended.add(message["id"])
            else:
                heard[message["id"]].append(message["payload"])
        for events in heard.values():
            *told, last = events
            assert [event["data"]["ordersChanged"]["version"] for event in told] == list(range(3, 3 + len(told)))
            assert [error["extensions"]["code"] for error in last["errors"]] == ["SLOW_CONSUMER"]
        await hear(idle, 0)
        last_heard = told[-1]["data"]["ordersChanged"]
        await idle.subscribe("again", VERSIONS, after=last_heard["cursor"])
        missed = range(last_heard["version"] + 1, 43)
        assert await hear(idle, len(missed)) == {"again": [{"version": version} for version in missed]}
