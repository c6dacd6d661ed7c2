"""Waiting for what comes about in another process."""

import asyncio
from collections.abc import Awaitable, Callable

PATIENCE_SECONDS = 30.0


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    """Return once it holds; TimeoutError."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await holds():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.05)
