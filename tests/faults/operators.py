"""An operator at the command line, who repeats a command that a fault broke off."""

import asyncio
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from stack.child import Child
from tests.faults.clients import Client
from tests.faults.stage import Stage

PATIENCE_SECONDS = 150.0
"""After which what does not come is a promise broken."""
_PAUSE = 0.5


@dataclass
class Operator:
    """`client` sends the operator's own commands; `heard`: whether a subscriber of all orders saw this one's version.

    Every method raises TimeoutError, with what it waited for.
    """

    stage: Stage
    client: Client
    heard: Callable[[str, int], bool]

    async def run(self, *arguments: str) -> int:
        """The exit code of `orderstream`; what it says is in the log."""
        command = [sys.executable, "-m", "stack", *arguments]
        with self.stage.log.open("ab") as log:
            log.write(f"operator: orderstream {' '.join(arguments)}\n".encode())
            log.flush()
            child = await Child.spawn(command, environment={**os.environ, **self.stage.environment}, output=log)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await child.wait()
        finally:
            child.kill()

    async def insist(self, *arguments: str) -> None:
        """Repeat the command until it succeeds."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while exit_code := await self.run(*arguments):
            if time.monotonic() > deadline:
                raise TimeoutError(f"orderstream {' '.join(arguments)} ends with {exit_code}")
            await asyncio.sleep(_PAUSE)

    async def until(self, what: str, satisfied: Callable[[], bool]) -> None:
        """Ask a server, in a thread, until it says so; one that is down says nothing."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not await asyncio.to_thread(_asked, satisfied):
            if time.monotonic() > deadline:
                raise TimeoutError(f"never {what}")
            await asyncio.sleep(0.1)


def _asked(satisfied: Callable[[], bool]) -> bool:
    try:
        return satisfied()
    except (RedisError, PyMongoError):
        return False
