"""One run of the fault suite: load and faults side by side, then silence, then every check."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from pymongo import MongoClient

from tests.faults import checks
from tests.faults.checkpoints import Checkpoints
from tests.faults.clients import READ_BACK, Client, client
from tests.faults.everything import check_everything
from tests.faults.evidence import PARTITIONS, Evidence, collect
from tests.faults.history import History, Intent, Outcome, Pace
from tests.faults.injection import Injector, Probe
from tests.faults.load import Passed, Shopper, open_shop, reread
from tests.faults.operators import Operator
from tests.faults.plan import CLIENTS, SHELF, STOCK, Fault, Step, plan_load
from tests.faults.rebuilding import generations_left
from tests.faults.stage import DATABASE, Stage, stage
from tests.faults.subscribers import FeedSubscriber, Seen, StatusSubscriber, Subscriber
from tests.faults.verification import verify
from write_model.contracts.codec import encode_time

CATCH_UP_SECONDS = 90.0
SUBSCRIBERS = 4
"""Of each kind; each of those that follow orders one by one follows so many:"""
WATCHED = 60


@dataclass
class Report:
    """`table`: per kind of fault, how often, and the median and worst seconds until everything worked again."""

    seed: int
    commands: int
    faults: int
    seconds: float
    violations: list[str]
    table: list[tuple[str, int, float, float]]
    figures: dict[str, int]


Harm = Callable[[Probe], Awaitable[None]]
"""What is done to the system beside the load."""


@dataclass
class Run:
    """The stage with clients, subscribers and a probe; what they did and saw is held against what is left."""

    stage: Stage
    seed: int
    history: History
    injector: Injector
    clients: list[Client]
    probe: Client
    reader: Client

    def __post_init__(self) -> None:
        self.watchers: list[StatusSubscriber] = []
        self.feeds: list[tuple[FeedSubscriber, str | None]] = []
        self.due = ""
        self.evidence = Evidence()

    async def go(self, steps: Iterable[Iterable[Step]], passed: Passed, harm: Harm) -> None:
        """The load of each client, and the harm; returns when both are through."""
        shoppers = await open_shop(self.clients, passed, self._placed, shelf=SHELF, stock=STOCK)
        await self._subscribe(shoppers)
        added = await self.probe.do(
            "addProduct", sku="PROBE", name="Probe", category="Faults", price={"amount": "1", "currencyCode": "EUR"}
        )
        probe = Probe(self.probe, added.receipt["id"])
        random = Random(f"{self.seed}/readers")
        reads = reread(self.reader, lambda: self._recent(random), len(self.stage.apis))
        async with asyncio.TaskGroup() as whole:
            reading = whole.create_task(reads)
            async with asyncio.TaskGroup() as tasks:
                harming: Any = harm(probe)
                tasks.create_task(harming)
                for shopper, its in zip(shoppers, steps, strict=True):
                    tasks.create_task(shopper.run(its))
            reading.cancel()

    async def stop(self) -> None:
        for subscriber in (*self.watchers, *(feed for feed, _ in self.feeds)):
            await subscriber.stop()

    async def quiet(self) -> None:
        """Wait until nothing changes any more."""
        self.due = encode_time(datetime.now(UTC))
        await self._until_none("orders", {"status": "PLACED", "confirm_by": {"$lte": self.due}})
        for name in ("expiry 1", "expiry 2"):
            await self.stage.processes[name].stop()
        await self._until_none("commands", {"status": "QUEUED"})

    async def _until_none(self, collection: str, of_these: dict[str, Any]) -> None:
        """Until MongoDB has no such document, or it took far too long: the checks say so then."""

        def count() -> int:
            with MongoClient[dict[str, Any]](self.stage.mongodb.url) as mongodb:
                return mongodb[DATABASE][collection].count_documents(of_these)

        with suppress(TimeoutError):
            async with asyncio.timeout(CATCH_UP_SECONDS):
                while await asyncio.to_thread(count):  # noqa: ASYNC110 - other processes' doing
                    await asyncio.sleep(0.2)

    async def check(self) -> list[str]:
        """Every violation, on the spot and afterwards; `evidence` is what was looked at."""
        found = [*self.history.broken]
        now = await asyncio.to_thread(self._now)
        found += await check_everything(self.probe, (await self._evidence()).shown, now)
        self.evidence = evidence = await self._evidence()  # the streams have all by now
        evidence.generations = await generations_left(self.injector.operator)
        found += checks.check(self.history.intents, evidence, self.injector.repeated, due=self.due)
        ends = [
            _in_the_end(feed, partial(checks.a_feed_was_followed_without_gap, feed.name, evidence, customer_id))
            for feed, customer_id in self.feeds
        ] + [
            _in_the_end(one, partial(checks.statuses_came_without_gap, one.name, one.orders, evidence))
            for one in self.watchers
        ]
        found += [violation for its in await asyncio.gather(*ends) for violation in its]
        found += (await verify(self.stage)).differences
        found += self.stage.ended()
        return found

    def figures(self) -> dict[str, int]:
        """What happened, in numbers."""
        subscribers = (*self.watchers, *(feed for feed, _ in self.feeds))
        return {
            "commands settled": self.history.settled,
            "requests that were lost": self.history.attempts(Outcome.LOST),
            "requests that were UNAVAILABLE": self.history.attempts(Outcome.UNAVAILABLE),
            "commands refused by the rules": sum(i.refusal is not None for i in self.history.intents),
            "receipts read back by token": self.history.reads - self.history.refused_reads,
            "reads by token that were refused": self.history.refused_reads,
            "orders that expired": sum(
                event["data"].get("reason") == "EXPIRED"
                for _, events in self.evidence.of_kind("ord")
                for event in events
            ),
            "events that were discarded": len(self.evidence.discarded),
            "generations that serve, the highest": max((n for n, _ in self.evidence.generations.values()), default=0),
            "connections of subscribers": sum(s.connections for s in subscribers),
            "changes that subscribers saw": sum(len(s.seen) for s in subscribers),
        }

    async def _evidence(self) -> Evidence:
        def read() -> Evidence:
            with self.stage.redis.client() as redis:
                return collect(self.stage.mongodb.url, DATABASE, redis, self.injector.past.entries)

        return await asyncio.to_thread(read)

    def _now(self) -> tuple[int, int]:
        """MongoDB's cluster time, after all that was committed before."""
        with MongoClient[dict[str, Any]](self.stage.mongodb.url) as mongodb:
            time = mongodb.admin.command("ping")["operationTime"]
            return time.time, time.inc

    async def _subscribe(self, shoppers: Sequence[Shopper]) -> None:
        """Before there is any order, so that each subscriber must hear of all."""
        urls = self.stage.apis
        cursor = (await self.probe.query("{ projection { position } }"))["projection"]["position"]
        for n in range(SUBSCRIBERS):
            customer_id = shoppers[n].customer_id if n else None
            feed = FeedSubscriber(f"feed {n}", urls[n % 2 :] + urls[: n % 2], self.history, customer_id, cursor)
            self.feeds.append((feed, customer_id))
            self.watchers.append(StatusSubscriber(f"watcher {n}", urls[n % 2 :] + urls[: n % 2], self.history))

    def _placed(self, order_id: str, token: str) -> None:
        watcher = min(self.watchers, key=lambda one: len(one.orders), default=None)
        if watcher and len(watcher.orders) < WATCHED and order_id not in watcher.orders:
            watcher.watch(order_id, token)

    def heard(self, order_id: str, version: int) -> bool:
        """Whether the subscriber of all orders was told of this one's version."""
        return any(seen[:2] == (order_id, version) for seen in reversed(self.feeds[0][0].seen))

    def _recent(self, random: Random) -> Intent | None:
        """What is to be shown by now: the operator's orders are poisoned."""
        intent = self.history.recent(random)
        return None if intent and intent.client == self.injector.operator.client.name else intent


async def _in_the_end(subscriber: Subscriber, violations: Callable[[Sequence[Seen]], Iterator[str]]) -> list[str]:
    """What is amiss with what the subscriber saw, after it had time to catch up."""
    await subscriber.until(lambda seen: next(violations(seen), None) is None, CATCH_UP_SECONDS)
    return list(violations(subscriber.seen))


def waves(seed: int, faults: Sequence[Fault]) -> list[Sequence[Fault]]:
    """The faults in their order, by one, two or three that come at once."""
    random, found, n = Random(f"{seed}/waves"), [], 0
    while n < len(faults):
        size = random.choice((1, 1, 2, 3))
        found.append(faults[n : n + size])
        n += size
    return found


@asynccontextmanager
async def prepared(directory: Path, seed: int) -> AsyncIterator[Run]:
    """A stage in the directory, with everybody who has a part in a run; they are gone afterwards, the log stays."""
    history = History()
    async with AsyncExitStack() as running:
        there = await running.enter_async_context(stage(directory))

        async def enter(name: str, *, read_back: float = READ_BACK) -> Client:
            return await running.enter_async_context(client(name, there.apis, history, seed, read_back=read_back))

        clients = [await enter(f"client-{n}") for n in range(CLIENTS)]
        operator = Operator(there, await enter("operator", read_back=0), lambda *of: one.heard(*of))
        one = Run(there, seed, history, Injector(there, operator), clients, await enter("probe"), await enter("reader"))
        running.push_async_callback(one.stop)
        async with Checkpoints(there.redis, PARTITIONS, history).watched():
            yield one


async def run(directory: Path, *, seed: int, commands: int, faults: Sequence[Fault]) -> Report:
    """A whole run in the directory, which is left with the log of all parts."""
    loop, pace = asyncio.get_running_loop(), Pace(commands, len(faults))
    async with prepared(directory, seed) as one:
        began = loop.time()
        await one.go(plan_load(seed, commands), pace.step, partial(_harm, one, pace, faults))
        await one.quiet()
        violations = await one.check()
        recoveries = one.injector.recoveries
        done, seconds = sum(map(len, recoveries.values())), loop.time() - began
        return Report(seed, one.history.settled, done, seconds, violations, one.injector.table(), one.figures())


async def _harm(one: Run, pace: Pace, faults: Sequence[Fault], probe: Probe) -> None:
    loop = asyncio.get_running_loop()
    for wave in waves(one.seed, faults):
        for _ in wave:
            await pace.fault()
        began = loop.time()
        await asyncio.gather(*(_inject(one, fault) for fault in wave))
        recovered = await probe.recovered()
        for fault in wave:
            one.injector.recoveries[fault.kind].append(loop.time() - began)
        print(f"{pace.done:6} commands  {loop.time() - began:5.1f} s  {' + '.join(map(str, wave))}", flush=True)
        if not recovered:
            one.history.broken.append(f"no recovery from {', '.join(map(str, wave))}")
            break
    await pace.end()


async def _inject(one: Run, fault: Fault) -> None:
    try:
        await one.injector.inject(fault)
    except TimeoutError as error:
        one.history.broken.append(f"{fault}: {error}")
