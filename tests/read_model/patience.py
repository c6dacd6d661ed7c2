"""Waiting in tests: as long as it takes, and an end where it never comes."""

import asyncio
from collections.abc import Callable
from typing import Final

PATIENCE: Final = 30.0


async def until(condition: Callable[[], bool]) -> None:
    """Return as soon as it holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110, only tests may poll
            await asyncio.sleep(0.001)
