"""Supervision: a part runs as a child process, comes back with growing patience when it crashes, drains when told."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

from stack.child import Child

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
STEADY_SECONDS = 60.0
_LONGEST_LINE = 1 << 16

Say = Callable[[str, str], None]
"""Show a line of a part: its name, the line."""


def delay_after(failures: int) -> float:
    """Seconds to wait before the next start, after so many failures in a row: 0.5, 1, 2, 4 ... 30."""
    return float(min(FIRST_DELAY_SECONDS * 2 ** (failures - 1), LONGEST_DELAY_SECONDS))


def describe(exit_code: int) -> str:
    """How a process ended, for people."""
    if exit_code < 0:
        return f"was ended by {signal.Signals(-exit_code).name}"
    return f"ended with exit code {exit_code}"


class Part:
    """One supervised process. `spawn` starts it; where its output is a pipe, `say` gets the lines."""

    def __init__(
        self,
        name: str,
        spawn: Callable[[], Awaitable[Child]],
        say: Say,
        *,
        why: Callable[[int], str] = describe,
        first: Child | None = None,
        piped: bool = True,
    ) -> None:
        self.name = name
        self._spawn = spawn
        self._say = say
        self._why = why
        self._piped = piped
        self._child = first
        self._draining = False
        self._task = asyncio.create_task(self._keep_running(first), name=f"part {name}")

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        return self._child.pid if self._child and self._child.exit_code is None else None

    async def drain(self, grace: float, hasten: asyncio.Event) -> None:
        """SIGTERM, and SIGKILL after `grace` seconds or when hastened; it does not come back."""
        self._draining = True
        if self._child is None or self._child.exit_code is not None:
            self._task.cancel()
        else:
            stopping = asyncio.create_task(self._child.stop(grace))
            hastened = asyncio.create_task(hasten.wait())
            await asyncio.wait({stopping, hastened}, return_when=asyncio.FIRST_COMPLETED)
            hastened.cancel()
            if not stopping.done():
                self._child.kill()
            await stopping
        with suppress(asyncio.CancelledError):
            await self._task

    async def _keep_running(self, child: Child | None) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began = loop.time()
            try:
                child = child or await self._spawn()
                self._child = child
                if self._draining:  # told while the process was being started
                    await child.stop(0)
                    return
                ended = self._why(await self._follow(child))
            except OSError as error:
                ended = f"could not be started: {error}"
            if self._draining:
                return
            failures = 1 if loop.time() - began > STEADY_SECONDS else failures + 1
            delay = delay_after(failures)
            self._say(self.name, f"{ended}; next start in {delay:g} s")
            await asyncio.sleep(delay)
            child = None

    async def _follow(self, child: Child) -> int:
        """Show what it says until it ends; its exit code."""
        speaking = asyncio.create_task(self._forward(child.output)) if self._piped else None
        try:
            exit_code = await child.wait()
            child.kill()  # whatever it had started
            if speaking:
                await asyncio.wait({speaking}, timeout=1)
            return exit_code
        finally:
            if speaking:
                speaking.cancel()
            child.close()

    async def _forward(self, output: asyncio.StreamReader) -> None:
        rest = b""
        while chunk := await output.read(_LONGEST_LINE):
            *whole, rest = (rest + chunk).split(b"\n")
            if len(rest) > _LONGEST_LINE:
                whole, rest = [*whole, rest], b""
            for line in whole:
                self._say(self.name, line.decode(errors="replace").rstrip())
        if rest:
            self._say(self.name, rest.decode(errors="replace"))
