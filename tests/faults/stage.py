"""The whole system as the fault suite runs it: two of every part, three MongoDBs, a Redis, a proxy on every link."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from stack.processes import describe
from tests.faults.conftest import wait_until_ready
from tests.faults.plan import PROCESSES, READERS_OF_REDIS
from tests.faults.processes import Process
from tests.faults.proxy import HOST, Proxy
from tests.faults.redis_server import RedisServer, redis_server
from tests.faults.replica_set import ReplicaSet, replica_set
from tests.ports import free_port
from tests.system import SECRET

DATABASE = "orderstream"
CONFIRMATION_SECONDS = 20
"""So that expiry has something to do while a run lasts."""


_GAVE_UP = b"check MONGODB_URL"


@dataclass
class Stage:
    """`links`: the proxy between each process and Redis, and `clients 1|2` before the APIs. `environment`: of whoever
    goes past them, to Redis itself.
    """

    mongodb: ReplicaSet
    redis: RedisServer
    processes: dict[str, Process]
    links: dict[str, Proxy]
    environment: dict[str, str]
    log: Path

    @property
    def apis(self) -> list[str]:
        """Where clients find the APIs."""
        return [f"http://{HOST}:{self.links[f'clients {n}'].port}" for n in (1, 2)]

    def ended(self) -> list[str]:
        """Who ended by themselves, and how.

        But not who was started before MongoDB had a primary: they say so, give up, and are started again.
        """
        gave_up = self.log.read_bytes().count(_GAVE_UP)
        ends = [(name, how) for name, process in self.processes.items() for how in process.ended]
        if sum(how == describe(1) for _, how in ends) <= gave_up:
            ends = [(name, how) for name, how in ends if how != describe(1)]
        return [f"{name} ended by itself: {how}" for name, how in ends]


@asynccontextmanager
async def stage(directory: Path) -> AsyncIterator[Stage]:
    """Everything, ready for requests, while the block runs."""
    log = directory / "log"
    async with AsyncExitStack() as running:
        mongodb = await running.enter_async_context(replica_set(directory))
        redis = await running.enter_async_context(redis_server(directory / "redis"))
        links: dict[str, Proxy] = {}
        processes: dict[str, Process] = {}
        everybody = {
            "MONGODB_URL": mongodb.url,
            "MONGODB_DATABASE": DATABASE,
            "REDIS_URL": redis.url,
            "AUTH_SECRET": SECRET,
            "THROTTLE_RATE": "0",  # all load comes from a client or two
            "CONFIRMATION_WINDOW_SECONDS": str(CONFIRMATION_SECONDS),
            "HOST": HOST,
            "SHUTDOWN_NOTICE_SECONDS": "0",
        }
        for name in PROCESSES:
            environment = dict(everybody)
            if name in READERS_OF_REDIS:
                links[name] = await Proxy.start(urlsplit(redis.url).port or 0)
                environment["REDIS_URL"] = f"redis://{HOST}:{links[name].port}/0"
            if name.startswith("api"):
                port = free_port()
                environment["PORT"] = str(port)
                links[f"clients {name[-1]}"] = await Proxy.start(port)
            processes[name] = Process(name, environment, log, directory / f"clock of {name}")
        running.push_async_callback(_stop, processes, links)
        built = Stage(mongodb, redis, processes, links, everybody, log)
        for url in built.apis:
            await wait_until_ready(url, log)
        yield built


async def _stop(processes: Mapping[str, Process], links: Mapping[str, Proxy]) -> None:
    await asyncio.gather(*(process.stop() for process in processes.values()))
    for link in links.values():
        link.stop()
