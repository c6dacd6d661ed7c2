"""A recipe that runs: `docs/recipes/tour.js` under Node, read line by line."""

import asyncio
import json
import os
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from stack.child import Child
from tests.recipes.snippets import RECIPES
from tests.system import ANSWER_SECONDS, STOP_SECONDS

Step = dict[str, Any]


class Program:
    """What it prints: a JSON object a line, `step` says of what."""

    def __init__(self, child: Child) -> None:
        self._child = child

    async def next(self, step: str) -> Step:
        """The next line, which is of this step."""
        line = await self._line()
        assert line, f"ended before {step!r}"
        found: Step = json.loads(line)
        assert found["step"] == step, found
        return found

    async def rest(self) -> list[Step]:
        """All lines up to the end, which is a good one."""
        steps = []
        while line := await self._line():
            steps.append(json.loads(line))
        assert await self._child.wait() == 0
        return steps

    async def _line(self) -> bytes:
        async with asyncio.timeout(ANSWER_SECONDS):
            line = await self._child.output.readline()
        # Whatever else it says is a complaint, of many lines.
        assert not line or line.startswith(b"{"), (line + await self._child.output.read()).decode()
        return line


@asynccontextmanager
async def tour(node: str, *arguments: str, port: int, token: str) -> AsyncIterator[Program]:
    """The tour with these arguments, against the API on this port of this machine."""
    environment = {
        **os.environ,
        "ORDERSTREAM_URL": f"http://127.0.0.1:{port}/graphql",
        "ORDERSTREAM_TOKEN": token,
    }
    child = await Child.spawn([node, str(RECIPES / "tour.js"), *arguments], environment=environment, output=PIPE)
    try:
        yield Program(child)
    finally:
        await child.stop(STOP_SECONDS)
        child.close()
