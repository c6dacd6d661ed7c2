"""The system under faults: every part supervised as `orderstream dev` does it, and killed at will."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import httpx
import pytest
from pymongo import MongoClient

from stack import embedded
from stack.child import Child
from stack.processes import Part
from tests.ports import free_port
from tests.system import READY_SECONDS, SECRET, System

PARTS = ("relay", "projector", "api", "worker 1", "worker 2")


class Parts:
    """The parts by name; what is killed comes back."""

    def __init__(self, environment: Mapping[str, str], log: IO[bytes]) -> None:
        def say(name: str, line: str) -> None:
            log.write(f"{name}: {line}\n".encode())
            log.flush()

        def part(name: str) -> Part:
            command = [sys.executable, "-m", "stack", name.split()[0]]
            spawn = partial(Child.spawn, command, environment={**os.environ, **environment}, output=log)
            return Part(name, spawn, say, piped=False)

        self._parts = {name: part(name) for name in PARTS}

    async def kill(self, name: str) -> None:
        """kill -9, and wait for the successor to be there."""
        pid = self._parts[name].pid
        assert pid is not None, f"{name} is not running"
        os.kill(pid, signal.SIGKILL)
        while self._parts[name].pid in (None, pid):  # noqa: ASYNC110 - another process's doing
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        await asyncio.gather(*(part.drain(20, asyncio.Event()) for part in self._parts.values()))


async def wait_until_answers(url: str) -> None:
    """Until the API is there, with or without a read model."""
    async with asyncio.timeout(READY_SECONDS), httpx.AsyncClient(base_url=url) as client:
        while True:
            with suppress(httpx.TransportError):
                if (await client.get("/healthz")).status_code == 200:
                    return
            await asyncio.sleep(0.1)


async def wait_until_ready(url: str, log: Path) -> None:
    async with asyncio.timeout(READY_SECONDS), httpx.AsyncClient(base_url=url) as client:
        while True:
            with suppress(httpx.TransportError):
                if (await client.get("/readyz")).status_code == 200:
                    return
            await asyncio.sleep(0.1)


def _end_transactions(mongodb_url: str) -> None:
    """Those of killed processes stay open for a minute, and whoever drops the database would wait for them."""
    with MongoClient[dict[str, Any]](mongodb_url) as client:
        client.admin.command("killAllSessions", [])


@pytest.fixture
async def system(mongodb_url: str, database: str) -> AsyncIterator[tuple[System, Parts]]:
    with TemporaryDirectory(prefix="orderstream-faults-") as name:
        directory, port = Path(name), free_port()
        log = directory / "log"
        async with embedded.redis(directory / "redis") as redis_url:
            environment = {
                "MONGODB_URL": mongodb_url,
                "MONGODB_DATABASE": database,
                "REDIS_URL": redis_url,
                "AUTH_SECRET": SECRET,
                "THROTTLE_RATE": "0",  # all load comes from a client or two
                "PORT": str(port),
                "SHUTDOWN_NOTICE_SECONDS": "0",
            }
            with log.open("ab") as output:
                parts = Parts(environment, output)
                try:
                    url = f"http://127.0.0.1:{port}"
                    await wait_until_ready(url, log)
                    yield System(url, environment, log), parts
                finally:
                    await parts.stop()
                    await asyncio.to_thread(_end_transactions, mongodb_url)
                    print(log.read_text())
