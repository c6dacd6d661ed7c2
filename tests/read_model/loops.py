"""The event loops that our programs run on: uvloop in the API, asyncio's own in the command line."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import pytest
import uvloop

Loop = Callable[[], asyncio.AbstractEventLoop]

LOOPS: Final[dict[str, Loop]] = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}

on_every_loop: Final = pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)


def run(loop: Loop, work: Coroutine[Any, Any, None]) -> None:
    """The work, on a loop of its own."""
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(work)
