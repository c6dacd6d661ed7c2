"""Processes that are measured: started, pinned to cores where the system lets us, and asked what they have used."""

import asyncio
import os
import resource
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from stack.child import Child

STOP_SECONDS = 20.0
READY_SECONDS = 180.0


class Placement(NamedTuple):
    """Cores: for the server that is measured, and for everything else."""

    server: frozenset[int]
    rest: frozenset[int]


def place(cores: Iterable[int]) -> Placement | None:
    """The last core for the server, if there is another one for the rest; None where there is nothing to share out."""
    *rest, server = sorted(cores)
    return Placement(frozenset({server}), frozenset(rest)) if rest else None


def available_cores() -> frozenset[int]:
    """Those that this process may use."""
    return frozenset(os.sched_getaffinity(0)) if sys.platform == "linux" else frozenset(range(os.cpu_count() or 1))


def pin(pid: int, cores: frozenset[int]) -> None:
    """Keep every thread of the process on these cores, and what they start; nothing where the system has no way."""
    if sys.platform == "linux":
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), cores)


def cpu_seconds(pids: Mapping[str, int]) -> dict[str, float]:
    """What each process has used up to now, in user and system mode."""
    times = {name: psutil.Process(pid).cpu_times() for name, pid in pids.items()}
    return {name: time.user + time.system for name, time in times.items()}


def resident_bytes(pids: Mapping[str, int]) -> dict[str, int]:
    """The memory that each holds."""
    return {name: psutil.Process(pid).memory_info().rss for name, pid in pids.items()}


def may_open(files: int) -> bool:
    """Whether we, and what we start from now on, may each open so many files and sockets; raises the limit to it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= files or soft == resource.RLIM_INFINITY:
        return True
    if hard != resource.RLIM_INFINITY and hard < files:
        return False
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return True


@asynccontextmanager
async def started(command: Sequence[str], environment: Mapping[str, str], log: Path) -> AsyncIterator[Child]:
    """A process while the block runs."""
    with log.open("ab") as output:
        child = await Child.spawn(command, environment={**os.environ, **environment}, output=output)
    try:
        yield child
    finally:
        await child.stop(STOP_SECONDS)


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]


async def listening(port: int, child: Child, log: Path) -> None:
    """Until the process takes connections; RuntimeError with what it said where it ends, or takes too long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(READY_SECONDS):
            while child.exit_code is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    return
    raise RuntimeError(f"{child.pid} does not listen on {port}: {_end_of(log)}")
