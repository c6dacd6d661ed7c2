"""Real servers of our own, as children: a MongoDB replica set of one and a Redis, on free loopback ports."""

import asyncio
import contextlib
import re
import shutil
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import choice

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from stack.binaries import find_mongod, find_redis
from stack.child import Child
from stack.operator_error import OperatorError, of_path

HOST = "127.0.0.1"
REPLICA_SET = "orderstream"
STARTUP_SECONDS = 120.0
STOP_SECONDS = 20.0
NEEDED_SPACE = 400 << 20
PORTS = range(20_000, 32_768)
"""Below what the kernel gives to connections (32768 on, on Linux): still free when a server that was killed is back."""
_ALREADY_INITIALIZED = 23


class _PortTaken(Exception):
    """Somebody took the port between our look and the server's bind."""


@dataclass(frozen=True)
class Server:
    """A server that can be started any number of times: same command, port and data. `ready` raises until it is."""

    name: str
    url: str
    command: tuple[str, ...]
    log: Path
    ready: Callable[[], None]

    async def spawn(self) -> Child:
        """Start its process, which may not be ready yet."""
        with self.log.open("wb") as log:
            return await Child.spawn(self.command, output=log)

    def why_it_ended(self, exit_code: int) -> str:
        """One line from its log: what is wrong, and what to do."""
        text = self.log.read_text(errors="replace")
        for pattern, problem in _CAUSES.items():
            if re.search(pattern, text):
                return f"{self.name} stopped: {problem} ({self.log.parent})"
        ended = f"by {signal.Signals(-exit_code).name}" if exit_code < 0 else f"with exit code {exit_code}"
        return f"{self.name} was ended {ended}; its log says why: {self.log}"


_CAUSES = {
    "No space left on device|Disk quota exceeded": "the disk is full, free some space",
    "Read-only file system": "the file system is read-only",
    "Permission denied|Operation not permitted": "it may not write its data, change the owner of the directory",
    "DBPathInUse|Unable to lock the lock file": "another mongod uses the same data, end that one first",
    "UPGRADE PROBLEM|IncompatibleServerVersion|Can't handle RDB format version|featureCompatibilityVersion.*invalid": (
        "its data were written by another version, use that one or move the directory away"
    ),
    "Bad file format reading the append only file": "its append-only file is damaged, move the directory away",
}


async def start_mongodb(data: Path, *, cache_gb: float | None = None) -> tuple[Server, Child]:
    """A mongod with its data in the directory, primary of its replica set when this returns."""
    binary = find_mongod()
    options = ["--wiredTigerCacheSizeGB", str(cache_gb)] if cache_gb else []

    def server(port: int) -> Server:
        command = (
            *(str(binary), "--dbpath", str(data / "db"), "--bind_ip", HOST, "--port", str(port)),
            *("--replSet", REPLICA_SET, "--quiet", "--nounixsocket", *options),
            # Nobody reads its diagnostic files here; and a set of one has nobody to hand over to when it stops.
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),
        )
        url = f"mongodb://{HOST}:{port}/?replicaSet={REPLICA_SET}"
        return Server("mongodb", url, command, data / "log", lambda: _become_primary(port))

    _claim(data / "db")
    return await _start(server, data)


async def start_redis(data: Path) -> tuple[Server, Child]:
    """A Redis with its append-only file in the directory, loaded when this returns."""
    binary = find_redis()

    def server(port: int) -> Server:
        command = (
            *(str(binary), "--dir", str(data / "db"), "--bind", HOST, "--port", str(port)),
            *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
            *("--maxmemory-policy", "noeviction", "--daemonize", "no"),
        )
        return Server("redis", f"redis://{HOST}:{port}/0", command, data / "log", lambda: _answer(port))

    _claim(data / "db")
    return await _start(server, data)


@asynccontextmanager
async def mongodb(data: Path, *, cache_gb: float | None = None) -> AsyncIterator[str]:
    """A MongoDB while the block runs; its URL."""
    server, child = await start_mongodb(data, cache_gb=cache_gb)
    try:
        yield server.url
    finally:
        await child.stop(STOP_SECONDS)


@asynccontextmanager
async def redis(data: Path) -> AsyncIterator[str]:
    """A Redis while the block runs; its URL."""
    server, child = await start_redis(data)
    try:
        yield server.url
    finally:
        await child.stop(STOP_SECONDS)


async def _start(server_on: Callable[[int], Server], data: Path) -> tuple[Server, Child]:
    record = data / "port"
    ports = [_recorded(record), None, None, None]
    for port in ports:
        server = server_on(port if port and _is_free(port) else _free_port())
        child = await server.spawn()
        try:
            await _wait_until_ready(server, child)
        except _PortTaken:
            continue
        except BaseException:
            child.kill()
            await child.wait()
            raise
        record.write_text(server.command[server.command.index("--port") + 1])
        return server, child
    raise OperatorError("every port was taken again before a server could use it: start again")


async def _wait_until_ready(server: Server, child: Child) -> None:
    try:
        async with asyncio.timeout(STARTUP_SECONDS):
            while child.exit_code is None:
                try:
                    await asyncio.to_thread(server.ready)
                except (PyMongoError, RedisError):
                    await asyncio.sleep(0.02)
                else:
                    return
    except TimeoutError:
        seconds = round(STARTUP_SECONDS)
        raise OperatorError(f"{server.name} did not come up in {seconds} s: see {server.log}") from None
    if "Address already in use" in server.log.read_text(errors="replace"):
        raise _PortTaken
    raise OperatorError(server.why_it_ended(await child.wait()))


def _become_primary(port: int) -> None:
    """Initiate the set, or tell it the new port where it was another the last time; raises until it can be written."""
    host = f"{HOST}:{port}"
    with MongoClient[dict[str, object]](
        host, directConnection=True, serverSelectionTimeoutMS=1000, connectTimeoutMS=1000
    ) as client:
        admin = client.admin
        if admin.command("hello").get("isWritablePrimary"):
            return
        try:
            admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [{"_id": 0, "host": host}]})
        except OperationFailure as error:
            if error.code != _ALREADY_INITIALIZED:
                raise
            config = admin.command("replSetGetConfig")["config"]
            if config["members"][0]["host"] != host:
                config["members"][0]["host"] = host
                config["version"] += 1
                # Forced: a member that does not find itself in its configuration has nobody to vote with.
                admin.command("replSetReconfig", config, force=True)
        if not admin.command("hello").get("isWritablePrimary"):
            raise OperationFailure("not primary yet")


def _answer(port: int) -> None:
    """Raises until the server answers and has loaded its data."""
    with Redis(host=HOST, port=port, socket_timeout=1, retry=Retry(NoBackoff(), 0)) as client:
        client.ping()


def _claim(data: Path) -> None:
    """Make the directory, and find out now whether it can be written and has room."""
    probe = data.parent / "probe"
    try:
        data.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(bytes(4096))
        probe.unlink()
        free = shutil.disk_usage(data).free
    except OSError as error:
        raise of_path(error, data.parent) from error
    if free < NEEDED_SPACE:
        have, need = free >> 20, NEEDED_SPACE >> 20
        raise OperatorError(
            f"{data.parent} has {have} MB of free space, the servers need {need}: free some, then start again"
        )


def _recorded(record: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        return int(record.read_text())
    return None


def _free_port() -> int:
    for _ in PORTS:
        if _is_free(port := choice(PORTS)):
            return port
    raise OperatorError(f"no port from {PORTS.start} to {PORTS.stop - 1} is free: stop what listens there")


def _is_free(port: int) -> bool:
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True
