"""Everything that is measured, running: one MongoDB, one Redis, this system, and its peers over the same shop."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx
import uvloop

from stack.embedded import start_mongodb, start_redis
from tests.bench.cases import NODE, OURS, POOL, RAW, RAW_READ, SEEN, Case, Server
from tests.bench.copies import write_answers, write_normalised, write_plain_hashes
from tests.bench.load import drive, http_request
from tests.bench.processes import (
    STOP_SECONDS,
    Placement,
    available_cores,
    cpu_seconds,
    listening,
    pin,
    place,
    started,
)
from tests.bench.rounds import Round
from tests.bench.shop import Shop, write_shop
from tests.ports import free_port
from tests.system import SECRET, staff_token
from tests.telemetry.receiver import collecting

DATABASE: Final = "orderstream"
PROJECTED_SECONDS: Final = 1_800.0

T = TypeVar("T")
Say = Callable[[str], None]


@dataclass
class Stage:
    """`shared`: processes that work for several servers; `pids` and `ports`: of the servers, by name."""

    shop: Shop
    environment: dict[str, str]
    shared: dict[str, int]
    pids: dict[str, int]
    ports: dict[str, int]
    cores: frozenset[int]
    placement: Placement | None
    log: Path

    def url(self, server: Server) -> str:
        return f"http://127.0.0.1:{self.ports[server.name]}/graphql"

    async def play(
        self, case: Case, server: Server, pool: list[bytes], seconds: float, rate: float | None = None
    ) -> Round:
        """One load on one server, with a rate so many requests a second."""
        self.pin(server if case.is_pinned else None)
        token = staff_token() if server.is_ours else None
        requests = [http_request(self.url(server), body, token) for body in pool]
        processes = {"server": self.pids[server.name], **self.shared}
        before = cpu_seconds(processes)
        load = drive(
            *(self.url(server), cycle(requests), case.judge(server)),
            connections=case.connections,
            seconds=seconds,
            rate=rate,
        )
        outcome = await in_fast_loop(load)
        if server.is_ours and not case.is_query:
            await self.caught_up()  # it is part of the work, and should not be a burden on the next server's round
        after = cpu_seconds(processes)
        return Round(outcome, {name: after[name] - before[name] for name in processes})

    async def caught_up(self) -> None:
        """Until everything that was committed can be read."""
        body, is_seen = SEEN.pool(self.shop)[0], SEEN.judge(OURS)
        async with asyncio.timeout(PROJECTED_SECONDS):
            while not is_seen(json.dumps((await self.answers(OURS, [body]))[0]).encode()):
                pass

    def pin(self, server: Server | None) -> None:
        """Give a core to the server and the others to all the rest, ourselves included; or everything to everybody."""
        if self.placement:
            for pid in (os.getpid(), *self.shared.values(), *self.pids.values()):
                pin(pid, self.placement.rest if server else self.cores)
            if server:
                pin(self.pids[server.name], self.placement.server)

    async def answers(self, server: Server, bodies: Iterable[bytes]) -> list[Any]:
        """The answers of a server, decoded, one after another; whole, but for what is said of their cost."""
        headers = {"content-type": "application/json"}
        if server.is_ours:
            headers["authorization"] = f"Bearer {staff_token()}"
        async with httpx.AsyncClient(headers=headers, timeout=30) as client:
            found = [(await client.post(self.url(server), content=body)).json() for body in bodies]
        for answer in found:
            answer.pop("extensions", None)
        return found


async def in_fast_loop(work: Coroutine[Any, Any, T]) -> T:
    """Do the work on uvloop, beside our event loop: stack.child is made for asyncio's own."""
    return await asyncio.to_thread(uvloop.run, work)


def why_not(server: Server) -> str | None:
    """Why the server cannot take part on this machine; None where it can."""
    if not server.needs_node:
        return None
    if shutil.which("node") is None:
        return "Node is missing: install Node 20.9 or later with npm"
    return (
        None if (NODE / "node_modules" / "mercurius").exists() else f"its packages are missing: npm install in {NODE}"
    )


@asynccontextmanager
async def stage(directory: Path, shop: Shop, servers: Collection[Server], say: Say) -> AsyncIterator[Stage]:
    """All of it, the shop projected, while the block runs; `say` is told what takes long."""
    log = directory / "log"
    async with AsyncExitStack() as running:
        mongodb, mongod = await start_mongodb(directory / "mongodb", cache_gb=2)
        running.push_async_callback(mongod.stop, STOP_SECONDS)
        redis, redis_server = await start_redis(directory / "redis")
        running.push_async_callback(redis_server.stop, STOP_SECONDS)
        say("Writing the shop")
        write_shop(shop, mongodb.url, DATABASE)
        if not all(server.is_ours for server in servers):
            write_normalised(shop, mongodb.url)
            write_plain_hashes(shop, redis.url)
        environment = {
            "MONGODB_URL": mongodb.url,
            "MONGODB_DATABASE": DATABASE,
            "REDIS_URL": redis.url,
            "AUTH_SECRET": SECRET,
            "HOST": "127.0.0.1",
            "METRICS_PORT": "0",
            "OTEL_EXPORTER_OTLP_ENDPOINT": running.enter_context(collecting()).url,
            "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
            "OTEL_TRACES_SAMPLER_ARG": "0.01",
            # All load comes from a client or two: they are counted, and never over.
            **dict.fromkeys(("THROTTLE_RATE", "THROTTLE_BURST"), "1000000000"),
            **dict.fromkeys(("MAX_SOCKETS_PER_CLIENT", "MAX_SUBSCRIPTIONS_PER_CLIENT"), "100000"),
        }
        shared = {"mongodb": mongod.pid, "redis": redis_server.pid}
        cores = available_cores()
        staged = Stage(shop, environment, shared, {}, {}, cores, place(cores), log)
        for part in ("relay", "projector"):
            command = [sys.executable, "-P", "-m", "stack", part]
            shared[part] = (await running.enter_async_context(started(command, environment, log))).pid
        starting = []
        for server in dict.fromkeys([OURS, *servers]):
            port = free_port()
            settings = {**environment, **server.environment, "PORT": str(port)}
            child = await running.enter_async_context(started(server.command, settings, log))
            staged.ports[server.name], staged.pids[server.name] = port, child.pid
            starting.append(listening(port, child, log))
        await asyncio.gather(*starting)
        say("Waiting until the shop is projected")
        await _wait_until_projected(staged)
        running.callback(pin, os.getpid(), cores)
        yield staged


async def _wait_until_projected(staged: Stage) -> None:
    body = b'{"query": "{ orders(first: 0) { totalCount } products(first: 0) { totalCount } }"}'
    wanted = [len(staged.shop.ids[kind]) for kind in ("ord", "prd")]
    async with asyncio.timeout(PROJECTED_SECONDS):
        while True:
            [answer] = await staged.answers(OURS, [body])
            if [found["totalCount"] for found in (answer.get("data") or {}).values() if found] == wanted:
                return
            await asyncio.sleep(0.2)


async def agree(staged: Stage, case: Case, servers: Collection[Server], number: int) -> None:
    """Raise ValueError unless the servers answer the first requests of the case exactly as this system does."""
    bodies = case.pool(staged.shop)[:number]
    ours = await staged.answers(OURS, bodies)
    for server in servers:
        if server not in (OURS, RAW):
            for body, expected, found in zip(bodies, ours, await staged.answers(server, bodies), strict=True):
                if found != expected:
                    raise ValueError(f"{server.name} answers {found} instead of {expected} to {body!r}")


async def store_answers(staged: Stage, cases: Iterable[Case], number: int = POOL) -> None:
    """Give the server that only passes answers on what there is to pass on, for the first requests of each case."""
    for case in cases:
        if RAW_READ in case.servers:
            bodies = case.pool(staged.shop)[:number]
            finished = await staged.answers(OURS, bodies)
            keys = (next(iter(json.loads(body)["variables"].values())) for body in bodies)
            texts = (json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode() for answer in finished)
            write_answers(dict(zip(keys, texts, strict=True)), staged.environment["REDIS_URL"])
