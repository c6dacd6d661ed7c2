"""`orderstream dev`, as a process: starts everything, watches over it, leaves nothing behind, keeps the data."""

import asyncio
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from stack.child import Child
from stack.embedded import HOST
from tests.ports import free_port
from tests.stack.patience import gone, is_alive, until

COMMAND = [sys.executable, "-P", "-m", "stack"]
GIVEN = {"MONGODB_URL", "REDIS_URL", "AUTH_SECRET", "MONGODB_DATABASE", "GRAPHIQL_STAFF", "SHOP"}


class Dev:
    """A running `orderstream dev` and what it has said."""

    def __init__(self, directory: Path, child: Child, port: int) -> None:
        self.directory = directory
        self.child = child
        self.port = port
        self.said: list[str] = []

    async def expect(self, text: str) -> None:
        """Until it says the text, in a line that comes from now on."""
        try:
            async with asyncio.timeout(60):
                while line := (await self.child.output.readline()).decode():
                    self.said.append(line)
                    if text in line:
                        return
        except TimeoutError:
            pass
        raise AssertionError(f"{text!r} was not said:\n{''.join(self.said)}")

    def query(self, query: str, token: str | None = None) -> Any:
        """What the API answers, all of it but what it has cost."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        connection.request("POST", "/graphql", json.dumps({"query": query}), headers)
        try:
            answer = json.loads(connection.getresponse().read())
            answer.pop("extensions", None)
            return answer
        finally:
            connection.close()

    def descendants(self) -> dict[str, int]:
        """The processes that it has started, by what they are."""
        found = {}
        for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):  # noqa: PTH208
            try:
                stat = Path(f"/proc/{pid}/stat").read_text()
                arguments = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            except OSError:
                continue
            if int(stat.rpartition(")")[2].split()[1]) == self.child.pid:
                found[arguments[-2] if "stack" in arguments else Path(arguments[0]).name] = pid
        return found

    async def stop(self) -> int:
        """SIGTERM; its exit code."""
        self.child.terminate()
        async with asyncio.timeout(60):
            return await self.child.wait()


@asynccontextmanager
async def running(directory: Path, port: int) -> AsyncIterator[Dev]:
    environment = {name: value for name, value in os.environ.items() if name not in GIVEN}
    environment |= {"PORT": str(port), "HOST": HOST}
    child = await Child.spawn(
        ["env", "-C", str(directory), *COMMAND, "dev"], environment=environment, output=asyncio.subprocess.PIPE
    )
    dev = Dev(directory, child, port)
    try:
        yield dev
    finally:
        await child.stop(30)
        child.close()


async def test_it_starts_watches_over_its_parts_and_leaves_nothing_behind(tmp_path: Path) -> None:
    port = free_port()
    async with running(tmp_path, port) as dev:
        await dev.expect("Loading demo data: 1 of 1,104")
        await dev.expect(f"API       http://{HOST}:{port}/graphql")
        await dev.expect("GraphiQL")
        await dev.expect("staff     ")
        staff = dev.said[-1].split()[-1]
        await dev.expect("customer  ")
        customer = dev.said[-1].split()[-1]
        query = "{ orders { totalCount } products { totalCount } }"
        assert dev.query(query, staff) == {"data": {"orders": {"totalCount": 300}, "products": {"totalCount": 60}}}
        assert 0 < dev.query(query, customer)["data"]["orders"]["totalCount"] < 300
        assert dev.query(query)["errors"]
        assert dev.query("{ products { totalCount } }") == {"data": {"products": {"totalCount": 60}}}

        second = command(tmp_path, "dev")
        assert second.returncode == 3
        assert f"already runs in this directory (process {dev.child.pid}, http://{HOST}:{port})" in second.stderr

        token = command(tmp_path, "token", "--role", "staff").stdout.strip()
        assert dev.query("{ projection { parkedEvents } }", token) == {"data": {"projection": {"parkedEvents": 0}}}
        assert dev.query("{ projection { parkedEvents } }", "nonsense")["errors"]

        parts = dev.descendants()
        assert {"api", "relay", "projector", "expiry", "worker"} < set(parts)
        assert len(parts) == 7  # with mongod and the Redis
        os.kill(parts["projector"], signal.SIGKILL)
        await dev.expect("projector | was ended by SIGKILL; next start in 0.5 s")
        await until(lambda: dev.descendants().keys() == parts.keys(), "the return of the projector")

        parts = dev.descendants()
        assert await dev.stop() == 0
        assert not any(map(is_alive, parts.values()))
        last = re.findall(r"^(\w+) +\| .* stopped$", (await dev.child.output.read()).decode(), re.MULTILINE)
        assert last[0] == "api"
        assert sorted(last[1:3]) == ["expiry", "worker"]
        assert last[3:] == ["relay", "projector"]
        assert sorted(path.name for path in (tmp_path / ".orderstream").iterdir()) == [
            "auth-secret", "mongodb", "redis",
        ]  # fmt: skip

    async with running(tmp_path, port) as dev:
        await dev.expect("API ")
        assert dev.query("{ orders { totalCount } }", staff) == {"data": {"orders": {"totalCount": 300}}}
        assert not any("Loading" in line for line in dev.said)
        parts = dev.descendants()
        dev.child.kill()
        await gone(*parts.values())


async def test_a_taken_port_is_found_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        done = command(tmp_path, "dev", PORT=str(port))
    assert done.returncode == 3
    assert done.stderr == (
        f"orderstream: port {port} on {HOST} is taken: stop what listens there,"
        f" or choose another, e.g. PORT={port + 1}\n"
    )
    assert list((tmp_path / ".orderstream").iterdir()) == []


async def test_a_stop_during_the_start_leaves_nothing_behind(tmp_path: Path) -> None:
    async with running(tmp_path, free_port()) as dev:
        await until((tmp_path / ".orderstream" / "mongodb" / "log").exists, "the start of MongoDB")
        parts = dev.descendants()
        assert await dev.stop() == 0
        assert not any(map(is_alive, parts.values()))
        assert not {"lock", "servers.json"} & {path.name for path in (tmp_path / ".orderstream").iterdir()}


def command(directory: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=directory,
        env={name: value for name, value in os.environ.items() if name not in GIVEN} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
