"""Embedded servers: found, started, stopped, started again with their data; and what is said when they cannot."""

import asyncio
import errno
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pymongo import MongoClient
from redis.asyncio import Redis

from stack import embedded
from stack.binaries import check, find_redis
from stack.child import Child
from stack.operator_error import OperatorError, of_path
from tests.stack.patience import gone

Client = MongoClient[dict[str, object]]


@asynccontextmanager
async def small_mongodb(data: Path) -> AsyncIterator[str]:
    async with embedded.mongodb(data, cache_gb=0.25) as url:
        yield url


async def test_mongodb_keeps_its_data_even_where_its_port_was_taken_meanwhile(tmp_path: Path) -> None:
    async with small_mongodb(tmp_path / "mongodb") as first:
        with Client(first) as client:
            client["shop"]["orders"].insert_one({"_id": 1})

    stranger = await asyncio.start_server(lambda _, writer: writer.close(), embedded.HOST, port_of(first))
    async with stranger, small_mongodb(tmp_path / "mongodb") as second:
        assert port_of(second) != port_of(first)
        with Client(second) as client, client.start_session() as session, session.start_transaction():
            client["shop"]["orders"].insert_one({"_id": 2}, session=session)

    async with small_mongodb(tmp_path / "mongodb") as third:
        assert third == second, "a port that is free is used again"
        with Client(third) as client:
            assert client["shop"]["orders"].distinct("_id") == [1, 2]


async def test_redis_keeps_its_data_and_never_evicts(tmp_path: Path) -> None:
    async with embedded.redis(tmp_path / "redis") as url, Redis.from_url(url, decode_responses=True) as client:
        await client.set("greeting", "hello")
        assert (await client.config_get("maxmemory-policy"))["maxmemory-policy"] == "noeviction"
        assert (await client.config_get("appendonly"))["appendonly"] == "yes"
    async with embedded.redis(tmp_path / "redis") as url, Redis.from_url(url, decode_responses=True) as client:
        assert await client.get("greeting") == "hello"


async def test_a_server_does_not_survive_a_parent_that_was_killed(tmp_path: Path) -> None:
    program = f"""
import asyncio
from pathlib import Path
from stack.embedded import start_redis

async def main():
    _, child = await start_redis(Path({str(tmp_path)!r}) / "redis")
    print(child.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""
    parent = await Child.spawn([sys.executable, "-c", program], output=-1)
    server = int(await parent.output.readline())
    os.kill(parent.pid, signal.SIGKILL)
    await parent.wait()
    parent.close()
    await gone(server)


async def test_the_data_of_a_running_server_are_not_opened_twice(tmp_path: Path) -> None:
    async with small_mongodb(tmp_path / "mongodb"):
        with pytest.raises(OperatorError, match="another mongod uses the same data"):
            await embedded.start_mongodb(tmp_path / "mongodb")


@pytest.mark.parametrize("start", [embedded.start_mongodb, embedded.start_redis])
async def test_a_file_in_place_of_the_data_directory_is_one_line(tmp_path: Path, start) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "taken").write_text("")
    with pytest.raises(OperatorError, match="a file stands where a directory is needed: move it away") as raised:
        await start(tmp_path / "taken" / "data")
    assert "\n" not in str(raised.value)


async def test_a_directory_that_cannot_be_written_is_one_line() -> None:
    with pytest.raises(OperatorError, match=r"cannot be used.*run it in") as raised:
        await embedded.start_redis(Path("/proc/orderstream"))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "the disk is full: free some space"),
        (errno.EDQUOT, "the disk is full: free some space"),
        (errno.EROFS, "the file system is read-only: run it in a directory that can be written"),
        (errno.EACCES, "no permission to write there: change the owner"),
    ],
)
def test_what_the_file_system_refuses_says_what_to_do(number: int, says: str) -> None:
    error = of_path(OSError(number, os.strerror(number)), Path("/data"))
    assert says in str(error)


@pytest.mark.parametrize(
    ("log", "says"),
    [
        ("WT_SESSION.checkpoint: No space left on device", "the disk is full, free some space"),
        ("Can't open the append-only file: Permission denied", "it may not write its data"),
        ("gibberish", "its log says why"),
    ],
)
def test_a_server_that_ended_is_explained_by_its_log(tmp_path: Path, log: str, says: str) -> None:
    (tmp_path / "log").write_text(log)
    server = embedded.Server("redis", "", (), tmp_path / "log", lambda: embedded._answer(1))
    assert says in server.why_it_ended(1)


def test_a_missing_library_is_named_with_the_package_that_has_it(tmp_path: Path) -> None:
    said = "mongod: error while loading shared libraries: libcurl.so.4: cannot open shared object file: No such file"
    with pytest.raises(OperatorError, match=r"needs the shared library libcurl\.so\.4.*apt-get install libcurl4"):
        check(program(tmp_path / "mongod", f"echo '{said}' >&2; exit 127"))


def test_a_system_that_is_too_old_and_a_processor_without_avx_are_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"needs GLIBC_2\.99, this system is older"):
        check(program(tmp_path / "old", 'echo "libc.so.6: version \\`GLIBC_2.99\' not found" >&2; exit 1'))
    with pytest.raises(OperatorError, match="needs a processor with AVX"):
        check(program(tmp_path / "slow", "kill -ILL $$"))


def test_a_redis_on_the_path_is_used_from_version_7_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    redis_server = program(tmp_path / "redis-server", "echo 'Redis server v=6.0.16 sha=00000000:0'")
    assert find_redis() != redis_server
    program(redis_server, "echo 'Redis server v=7.2.4 sha=00000000:0'")
    assert find_redis() == redis_server


def program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def port_of(url: str) -> int:
    return int(url.split(":")[2].split("/")[0])
