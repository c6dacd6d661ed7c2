"""A process's clock goes wrong when it is told to, and right again; the time that only goes forward does not care."""

import asyncio
import sys
import time
from pathlib import Path

from stack.child import Child

PROGRAM = """
import time
from datetime import datetime, timezone
while True:
    print(datetime.now(timezone.utc).timestamp(), time.time(), time.monotonic(), flush=True)
    time.sleep(0.05)
"""


async def test_a_clock_jumps_back_and_comes_back(tmp_path: Path) -> None:
    (tmp_path / "telling.py").write_text(PROGRAM)
    clock = tmp_path / "clock"
    command = (sys.executable, "-m", "tests.faults.clock", str(clock), "telling")
    child = await Child.spawn(command, environment={"PYTHONPATH": str(tmp_path)}, output=asyncio.subprocess.PIPE)

    async def until_off_by(seconds: float) -> float:
        """CLOCK_MONOTONIC when both ways of asking for the time say so."""
        async with asyncio.timeout(30):
            while True:
                now, same, forward = map(float, (await child.output.readline()).split())
                real = asyncio.get_running_loop().time()  # of the same machine, and so of the same zero
                offset, expected = now - same, time.time() + seconds
                if abs(offset) < 1 and abs(now - expected) < 30:
                    assert abs(forward - real) < 30
                    return forward

    try:
        first = await until_off_by(0)
        clock.write_text("-3600")
        second = await until_off_by(-3600)
        clock.write_text("0")
        third = await until_off_by(0)
        assert first < second < third
    finally:
        child.kill()
        await child.wait()
        child.close()
