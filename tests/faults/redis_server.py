"""A Redis that is killed, emptied, and set back to an older copy of its data, always on the same port."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from stack.child import Child
from stack.embedded import STARTUP_SECONDS, Server, start_redis


class RedisServer:
    """Its data are in `data`; what was true of it a while ago is in `copy`, once `remember` made that."""

    def __init__(self, server: Server, child: Child, directory: Path) -> None:
        self._server = server
        self._child = child
        self.url = server.url
        self.port = int(server.url.rpartition(":")[2].partition("/")[0])
        self.losses = 0
        """How often data were lost: of all that, or of the last moments."""
        self._data = directory / "db"
        self._copy = directory / "copy"

    async def kill(self) -> None:
        """kill -9."""
        os.kill(self._child.pid, signal.SIGKILL)
        await self._child.wait()

    async def start(self) -> None:
        """With what is on the disk; it has loaded that when this returns."""
        self._child = await self._server.spawn()
        async with asyncio.timeout(STARTUP_SECONDS):
            while True:
                try:
                    await asyncio.to_thread(self._server.ready)
                except RedisError:
                    await asyncio.sleep(0.02)
                else:
                    return

    async def remember(self) -> None:
        """Keep a copy of the data as they are; Redis cuts off what is half written at its end."""
        shutil.rmtree(self._copy, ignore_errors=True)
        await asyncio.to_thread(shutil.copytree, self._data, self._copy)

    async def lose_all(self) -> None:
        """Killed, and back with nothing."""
        await self.kill()
        self.losses += 1
        shutil.rmtree(self._data)
        self._data.mkdir()
        await self.start()

    async def roll_back(self) -> None:
        """Killed, and back with what it had when it was told to remember: a replica that had not kept up."""
        await self.kill()
        self.losses += 1
        shutil.rmtree(self._data)
        self._copy.rename(self._data)
        await self.start()

    async def stop(self) -> None:
        await self._child.stop(5)

    def client(self) -> Redis:
        """Past every proxy. Close it."""
        return Redis.from_url(self.url, decode_responses=True)


@asynccontextmanager
async def redis_server(directory: Path) -> AsyncIterator[RedisServer]:
    """A Redis of its own while the block runs."""
    server, child = await start_redis(directory)
    running = RedisServer(server, child, directory)
    try:
        yield running
    finally:
        await running.stop()
