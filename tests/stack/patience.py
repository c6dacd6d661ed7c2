"""Waits for what must happen: as long as it takes, up to a limit that only a failure reaches."""

import asyncio
import os
from collections.abc import Callable

LIMIT_SECONDS = 30


async def until(condition: Callable[[], bool], what: str) -> None:
    """Until the condition holds."""
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            while not condition():  # noqa: ASYNC110 - other processes set no events
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"{what} did not happen within {LIMIT_SECONDS} s") from None


def is_alive(pid: int) -> bool:
    """Whether the process exists and is no zombie that waits for its parent."""
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


async def gone(*pids: int) -> None:
    """Until none of the processes is there any more."""
    await until(lambda: not any(map(is_alive, pids)), f"the end of {pids}")
