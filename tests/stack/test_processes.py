"""Supervision: a crashed part comes back with growing patience, a drained one ends politely, or else is ended."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from stack.child import Child
from stack.processes import Part, delay_after
from tests.stack.patience import gone

FOREVER = "import time; print('up', flush=True); time.sleep(600)"
POLITE = """
import signal, sys, time
def stop(*_):
    print("finished what was in flight", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("up", flush=True)
time.sleep(600)
"""
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + FOREVER

Start = Callable[[str], Part]


class Lines(asyncio.Queue[str]):
    """What a part and its supervisor said."""

    def say(self, part: str, line: str) -> None:
        self.put_nowait(f"{part}: {line}")

    async def expect(self, text: str) -> str:
        """The next line that holds the text."""
        async with asyncio.timeout(30):
            while text not in (line := await self.get()):
                pass
        return line


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
async def start(lines: Lines) -> AsyncIterator[Start]:
    parts: list[Part] = []

    def start(program: str) -> Part:
        spawn: Callable[[], Awaitable[Child]] = partial(
            Child.spawn, [sys.executable, "-c", program], output=asyncio.subprocess.PIPE
        )
        parts.append(Part("worker", spawn, lines.say))
        return parts[-1]

    yield start
    for part in parts:
        await part.drain(0, asyncio.Event())


def test_the_delay_doubles_up_to_half_a_minute() -> None:
    assert [delay_after(failures) for failures in range(1, 9)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


async def test_a_part_that_crashed_comes_back_and_it_is_said(tmp_path: Path, start: Start, lines: Lines) -> None:
    mark = tmp_path / "has crashed"
    part = start(
        f"import pathlib, sys; m = pathlib.Path({str(mark)!r}); m.exists() or (m.touch(), sys.exit(3)); {FOREVER}"
    )
    assert await lines.expect("exit code 3") == "worker: ended with exit code 3; next start in 0.5 s"
    await lines.expect("worker: up")
    assert part.pid


async def test_a_part_that_was_killed_comes_back(start: Start, lines: Lines) -> None:
    part = start(FOREVER)
    await lines.expect("up")
    killed = part.pid
    assert killed
    import os
    import signal

    os.kill(killed, signal.SIGKILL)
    await lines.expect("was ended by SIGKILL; next start in 0.5 s")
    await lines.expect("up")
    assert part.pid != killed


async def test_each_crash_in_a_row_is_waited_out_for_longer(start: Start, lines: Lines) -> None:
    start("import sys; sys.exit('no use')")
    await lines.expect("worker: no use")
    await lines.expect("next start in 0.5 s")
    await lines.expect("next start in 1 s")


async def test_a_program_that_cannot_be_started_is_said(lines: Lines) -> None:
    part = Part("worker", partial(Child.spawn, ["/no/such/program"], output=asyncio.subprocess.PIPE), lines.say)
    await lines.expect("/no/such/program: No such file or directory")
    await lines.expect("exit code 1; next start")
    await part.drain(0, asyncio.Event())


async def test_a_drained_part_finishes_and_stays_away(start: Start, lines: Lines) -> None:
    part = start(POLITE)
    await lines.expect("up")
    pid = part.pid
    assert pid
    await part.drain(60, asyncio.Event())
    await lines.expect("finished what was in flight")
    await gone(pid)
    assert lines.empty()
    assert part.pid is None


async def test_a_part_that_does_not_listen_is_ended_after_the_grace(start: Start, lines: Lines) -> None:
    part = start(DEAF)
    await lines.expect("up")
    await part.drain(0.05, asyncio.Event())
    assert part.pid is None


async def test_hastened_a_part_is_ended_at_once(start: Start, lines: Lines) -> None:
    part = start(DEAF)
    await lines.expect("up")
    hasten = asyncio.Event()
    draining = asyncio.create_task(part.drain(600, hasten))
    await asyncio.sleep(0)
    hasten.set()
    await draining
    assert part.pid is None


async def test_a_part_that_waits_for_its_next_start_is_not_started_again(start: Start, lines: Lines) -> None:
    part = start("raise SystemExit(3)")
    await lines.expect("next start")
    await part.drain(60, asyncio.Event())
    assert part.pid is None
    assert lines.empty()


async def test_what_a_part_had_started_ends_with_it(start: Start, lines: Lines) -> None:
    start("import subprocess; p = subprocess.Popen(['sleep', '600']); print('grandchild', p.pid, flush=True); exit(1)")
    line = await lines.expect("grandchild")
    await gone(int(line.split()[-1]))
