"""A steady load for a long while, with subscribers that come and go: `make soak`. Nothing breaks, and nothing grows.

Every process on this machine, one of each: clients send commands, others query, subscribers come, stay a while and
leave, some politely, some not, and some read too slowly. Every ten seconds the memory and the file descriptors of each
process are read; the table of them is printed at the end. Exits 1 with what was violated, or is not flat.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import httpx
from pymongo import MongoClient
from redis import Redis

from stack import embedded
from tests.faults import checks
from tests.faults.clients import Client, client, staff_token
from tests.faults.everything import check_everything
from tests.faults.evidence import Evidence, collect
from tests.faults.history import History, Steady
from tests.faults.load import Shopper, open_shop
from tests.faults.plan import CLIENTS, SHELF, STOCK, Step, endless_load
from tests.faults.samples import Sample, children, table, what_is_not_flat
from tests.faults.verification import verify_servers
from tests.faults.visitors import PATIENCE_SECONDS, Visitors
from tests.faults.visits import what_was_seen_happened
from tests.system import System, process, running_system

DATABASE = "soak"
COMMANDS_PER_SECOND = 10.0
READERS = 4
PAUSE_SECONDS = 0.8
"""Of each reader, between two queries."""
SAMPLE_SECONDS = 10.0
SETTINGS = {
    "CONFIRMATION_WINDOW_SECONDS": "20",
    # A machine that does other things besides must not look like a fault.
    "STALE_READ_TIMEOUT_MS": "30000", "READ_TIMEOUT_SECONDS": "30", "COMMAND_TIMEOUT_SECONDS": "30",
    # So that a slow consumer becomes one in seconds.
    "SUBSCRIBER_BUFFER": "20",
}  # fmt: skip
SHOWN = 30

QUERIES = (
    "{ orders(first: 20) { totalCount nodes { id status customer { name } lines { name } } } }",
    '{ products(search: "shelf", orderBy: BEST_SELLING) { totalCount nodes { id name available } } }',
    "{ customers(first: 20) { nodes { id name orderCount orders(first: 2) { nodes { id total { amount } } } } } }",
    "{ orderCounts { status count } topProducts { name unitsSold } categories { name } projection { parkedEvents } }",
    "query Open { orders(first: 5, filter: {status: PLACED}) { nodes { id timeline { status } } } }",
)


@dataclass
class Soak:
    """One run. `samples`: of the time in which subscribers come and go."""

    world: System
    history: History
    seed: int
    shoppers: list[Shopper]
    visitors: Visitors
    samples: list[Sample] = field(default_factory=list)
    queries: int = 0
    _over: bool = False

    async def go(self, *, seconds: float, subscribers: int) -> tuple[Sample, Sample]:
        """The load, for so long; the samples before the first subscriber and after the last."""
        before = await asyncio.to_thread(self._sample)
        async with asyncio.TaskGroup() as tasks:
            for n, shopper in enumerate(self.shoppers):
                tasks.create_task(shopper.run(self._steps(n)))
            for n in range(READERS):
                tasks.create_task(self._read(n))
            sampling = tasks.create_task(self._keep_sampling())
            await self.visitors.come_and_go(subscribers, seconds)
            sampling.cancel()
            self._over = True
        return before, await asyncio.to_thread(self._sample)

    def _steps(self, n: int) -> Iterator[Step]:
        return takewhile(lambda _: not self._over, endless_load(self.seed, n))

    async def _read(self, first: int) -> None:
        async with self.world.client(staff_token()) as staff:
            staff.http.timeout = httpx.Timeout(PATIENCE_SECONDS)
            staff.http.headers["connection"] = "close"  # a kept one may end just when the next request is sent
            for number in count(first):
                if self._over:
                    return
                query, self.queries = QUERIES[number % len(QUERIES)], self.queries + 1
                try:
                    errors = (await staff.run(query)).get("errors")
                except httpx.HTTPError as error:
                    errors = repr(error)
                if errors:
                    self.history.broken.append(f"{query} was answered with {errors}")
                await asyncio.sleep(PAUSE_SECONDS)

    async def _keep_sampling(self) -> None:
        while True:
            self.samples.append(await asyncio.to_thread(self._sample))
            await asyncio.sleep(SAMPLE_SECONDS)

    def _sample(self) -> Sample:
        processes, environment = children(), self.world.environment
        with Redis.from_url(environment["REDIS_URL"]) as redis, mongodb(environment) as client:
            info: Any = redis.info("memory")
            return Sample(
                time.monotonic(),
                {name: process.memory_info().rss for name, process in processes.items()},
                {name: process.num_fds() for name, process in processes.items()},
                int(info["used_memory"]),
                client[DATABASE]["orders"].estimated_document_count(),
                self.visitors.present,
            )


def mongodb(environment: Any) -> MongoClient[dict[str, Any]]:
    return MongoClient(environment["MONGODB_URL"], tz_aware=True)


async def quiet(world: System) -> tuple[Evidence, tuple[int, int]]:
    """What is left once the queue is empty, and a cluster time after all of it."""

    def waiting() -> int:
        with mongodb(world.environment) as client:
            return client[DATABASE]["commands"].count_documents({"status": "QUEUED"})

    def read() -> tuple[Evidence, tuple[int, int]]:
        with (
            mongodb(world.environment) as client,
            Redis.from_url(world.environment["REDIS_URL"], decode_responses=True) as redis,
        ):
            time = client.admin.command("ping")["operationTime"]
            return collect(world.environment["MONGODB_URL"], DATABASE, redis, {}), (time.time, time.inc)

    async with asyncio.timeout(60):
        while await asyncio.to_thread(waiting):  # noqa: ASYNC110 - another process's doing
            await asyncio.sleep(0.2)
    return await asyncio.to_thread(read)


async def soak(directory: Path, *, seed: int, minutes: float, subscribers: int) -> tuple[Soak, list[str]]:
    """Everything in the directory, which is left with the log of all parts; what was violated, or is not flat."""
    history = History()
    async with AsyncExitStack() as running:
        enter = running.enter_async_context
        mongodb_url = await enter(embedded.mongodb(directory / "mongodb", cache_gb=0.25))
        world = await enter(running_system(directory, mongodb_url, DATABASE, **SETTINGS))
        clients = [await enter(client(f"client-{n}", [world.url], history, seed)) for n in range(CLIENTS)]
        steady = Steady(COMMANDS_PER_SECOND)
        async with process("write_model.expiry", world.environment, world.log):
            shoppers = await open_shop(clients, steady.step, lambda *_: None, shelf=SHELF, stock=STOCK)
            one = Soak(world, history, seed, shoppers, Visitors(world, history, shoppers, seed))
            before, after = await one.go(seconds=60 * minutes, subscribers=subscribers)
        return one, [*what_is_not_flat(one.samples, before, after), *await _violations(one, clients[0])]


async def _violations(one: Soak, asking: Client) -> list[str]:
    """The promises, held against what there is."""
    evidence, upto = await quiet(one.world)
    shown = await check_everything(asking, evidence, upto)
    evidence, _ = await quiet(one.world)  # the streams have all by now
    slow = "subscriptions ended with SLOW_CONSUMER"
    return [
        *one.history.broken,
        *([] if one.visitors.counts[slow] else ["nobody who read too slowly was ended"]),
        *shown,
        *checks.check(one.history.intents, evidence),
        *what_was_seen_happened(one.visitors.visits, evidence),
        *(await verify_servers(one.world.environment)).differences,
    ]


def main() -> None:
    """Run as told by the arguments."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--subscribers", type=int, default=200)
    parser.add_argument("--log", type=Path, help="Keep what the parts said in this file.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="orderstream-soak-") as name:
        try:
            one, violations = asyncio.run(
                soak(Path(name), seed=given.seed, minutes=given.minutes, subscribers=given.subscribers)
            )
        finally:
            if given.log and (log := Path(name) / "log").exists():
                given.log.write_bytes(log.read_bytes())
    print(*table(one.samples), sep="\n")
    print(f"\n{given.minutes:g} minutes with {given.subscribers} subscribers at a time, seed {given.seed}:")
    figures = {"commands settled": one.history.settled, "queries": one.queries, **one.visitors.counts}
    for what, figure in figures.items():
        print(f"  {figure:8} {what}")
    print(f"  {len(violations):8} violations")
    for violation in violations[:SHOWN]:
        print(f"\nseed {given.seed}: {violation}")
    sys.exit(1 if violations else 0)


if __name__ == "__main__":
    main()
