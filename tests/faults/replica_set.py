"""A MongoDB replica set of three on loopback, each member behind a proxy of its own, and killed at will."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from stack.binaries import find_mongod
from stack.child import Child
from tests.faults.proxy import HOST, Proxy
from tests.ports import free_port

NAME = "faults"
STARTUP_SECONDS = 90.0
ELECTION_MILLISECONDS = 3_000
"""Silence of the primary after which the others vote; 10 s where nobody sets it."""
OPLOG_MEGABYTES = 32


@dataclass
class Member:
    """One mongod. Everybody, the other members too, knows it by its proxy's address."""

    command: tuple[str, ...]
    port: int
    log: Path
    proxy: Proxy
    child: Child

    @property
    def address(self) -> str:
        return f"{HOST}:{self.proxy.port}"

    def client(self) -> MongoClient[dict[str, Any]]:
        """To this member alone, past its proxy."""
        return MongoClient(
            HOST, self.port, directConnection=True, serverSelectionTimeoutMS=500, connectTimeoutMS=500,
            socketTimeoutMS=2_000, tz_aware=True,
        )  # fmt: skip

    def is_primary(self) -> bool:
        with suppress(PyMongoError), self.client() as client:
            return bool(client.admin.command("hello").get("isWritablePrimary"))
        return False


class ReplicaSet:
    """Three members, of which one is primary, now and then."""

    def __init__(self, members: list[Member]) -> None:
        self.members = members
        self.url = f"mongodb://{','.join(m.address for m in members)}/?replicaSet={NAME}"

    async def primary(self) -> Member:
        """The member that is primary; waits for one."""
        async with asyncio.timeout(STARTUP_SECONDS):
            while True:
                for member in self.members:
                    if member.child.exit_code is None and await asyncio.to_thread(member.is_primary):
                        return member
                await asyncio.sleep(0.1)

    async def kill(self, member: Member) -> None:
        """kill -9."""
        os.kill(member.child.pid, signal.SIGKILL)
        await member.child.wait()

    async def start(self, member: Member) -> None:
        """Start a member again that was killed, with its data."""
        with member.log.open("ab") as log:
            member.child = await Child.spawn(member.command, output=log)


@asynccontextmanager
async def replica_set(directory: Path) -> AsyncIterator[ReplicaSet]:
    """A replica set while the block runs, with a primary."""
    members = [await _member(directory / f"mongodb-{n}") for n in range(3)]
    try:
        await _initiate(members)
        running = ReplicaSet(members)
        await running.primary()
        yield running
    finally:
        for member in members:
            with suppress(ProcessLookupError):
                os.kill(member.child.pid, signal.SIGCONT)
            member.child.kill()  # nobody reads its data any more
            await member.child.wait()
            member.proxy.stop()


async def _member(data: Path) -> Member:
    (data / "db").mkdir(parents=True)
    port = free_port()
    command = (
        *(str(find_mongod()), "--dbpath", str(data / "db"), "--bind_ip", HOST, "--port", str(port)),
        *("--replSet", NAME, "--quiet", "--nounixsocket", "--wiredTigerCacheSizeGB", "0.25"),
        # What a member may be behind by, and what can be filled in a moment; no older than the last checkpoint.
        *("--oplogSize", str(OPLOG_MEGABYTES), "--syncdelay", "3"),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
    )
    log = data / "log"
    with log.open("wb") as output:
        child = await Child.spawn(command, output=output)
    return Member(command, port, log, await Proxy.start(port), child)


async def _initiate(members: list[Member]) -> None:
    config = {
        "_id": NAME,
        "members": [{"_id": n, "host": m.address, "priority": 1} for n, m in enumerate(members)],
        "settings": {"electionTimeoutMillis": ELECTION_MILLISECONDS, "heartbeatIntervalMillis": 500},
    }

    def initiate() -> None:
        with members[0].client() as client:
            client.admin.command("replSetInitiate", config)

    async with asyncio.timeout(STARTUP_SECONDS):
        while True:
            try:
                await asyncio.to_thread(initiate)
            except PyMongoError:
                await asyncio.sleep(0.2)
            else:
                return
