"""A shop under load during rebuilds: who orders, who reads and who follows, and what each of them must see."""

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from tests.projector.contents import eventually
from tests.system import Client, System
from write_model.contracts.streams import Position, events_key, projected_key

STATUSES = ["PLACED", "CONFIRMED"]
FOLLOW = "subscription($id: ID!) { ordersChanged(customerId: $id) { order { id } status version } }"
READ = """query($customer: ID!, $product: ID!) {
  customer(id: $customer) { orderCount orders(first: 100) { totalCount nodes { id version } } }
  product(id: $product) { available }
}"""


async def orderstream(system: System, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON of a command."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "stack", *arguments, "--json"),
        env={"PATH": "/usr/bin:/bin", **system.environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, log = await process.communicate()
    assert process.returncode is not None
    assert out, log.decode()
    return process.returncode, json.loads(out)


async def forget_the_past(redis: Redis, partitions: int) -> None:
    """The live streams keep their ends, once the journal has recorded the rest, as after hours."""
    at = {p: (await redis.xinfo_stream(events_key(p)))["last-generated-id"] for p in range(partitions)}

    async def recorded() -> bool:
        # A watermark behind the last event comes when that is recorded.
        now = {p: Position.parse(str(await redis.hget(projected_key(p), "position"))) for p in at}
        return all(now[p].ms > Position.parse(str(id)).ms + 1_000 for p, id in at.items())

    await eventually(recorded)
    for partition in at:
        await redis.xtrim(events_key(partition), maxlen=1, approximate=False)


@dataclass
class Load:
    """What goes on beside the rebuilds. Every order of `placed` is confirmed."""

    staff: Client
    customer_id: str
    product_id: str
    stock: int
    placed: list[str] = field(default_factory=list)
    answers: int = 0
    statuses: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """By order: what the follower saw."""
    _stopping: bool = False

    async def order(self) -> None:
        while not self._stopping:
            receipt = await self.staff.place_order(self.customer_id, self.product_id)
            self.placed.append(receipt["id"])
            await self.staff.receipt("confirmOrder", orderId=receipt["id"])

    async def read(self) -> None:
        """Every query is answered, and none shows less than one before it."""
        count, available, versions = 0, self.stock, dict[str, int]()
        while not self._stopping:
            data = await self.staff.data(READ, customer=self.customer_id, product=self.product_id)
            customer = data["customer"]
            assert customer["orderCount"] >= count, "orders were forgotten"
            assert customer["orders"]["totalCount"] >= count
            assert data["product"]["available"] <= available
            for node in customer["orders"]["nodes"]:
                assert node["version"] >= versions.get(node["id"], 0), "an order went back"
                versions[node["id"]] = node["version"]
            count, available = customer["orderCount"], data["product"]["available"]
            self.answers += 1

    async def follow(self) -> None:
        async with self.staff.socket() as socket:
            await socket.subscribe("1", FOLLOW, id=self.customer_id)
            while True:
                [message] = await socket.nexts("1", 1)
                change = message["ordersChanged"]
                self.statuses[change["order"]["id"]].append(change["status"])

    def stop(self) -> None:
        self._stopping = True

    async def all_seen(self) -> bool:
        return all(len(self.statuses[id]) >= len(STATUSES) for id in self.placed)


@asynccontextmanager
async def under_load(system: System, *, orders: int) -> AsyncIterator[Load]:
    """A shop with a past of so many orders, and everything going on during the block; checked after it."""
    async with system.staff as staff:
        stock = 1_000_000
        customer_id, product_id = await staff.register_customer(), await staff.add_product(stock=stock)
        for _ in range(0, orders, 20):
            await asyncio.gather(*(staff.place_order(customer_id, product_id) for _ in range(20)))
        load = Load(staff, customer_id, product_id, stock)
        following = asyncio.create_task(load.follow())
        try:
            while not load.statuses:  # subscribing has no answer of its own
                await staff.place_order(customer_id, product_id)
                orders += 1
            async with asyncio.TaskGroup() as tasks:
                for work in (load.order, load.order, load.read):
                    tasks.create_task(work())
                try:
                    yield load
                finally:
                    load.stop()
            await eventually(load.all_seen)
        finally:
            following.cancel()
            await asyncio.wait([following])
        assert following.cancelled(), following
        assert [load.statuses[id] for id in load.placed] == [STATUSES] * len(load.placed), "each once, in order"
        data = await staff.data(READ, customer=customer_id, product=product_id)
        assert data["customer"]["orderCount"] == orders + len(load.placed)
        assert data["product"]["available"] == stock - orders - len(load.placed)
