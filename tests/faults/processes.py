"""Our parts as processes: started again whenever they end, killed and stopped at will, each with a clock of its own."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from stack.child import Child
from stack.processes import describe

RESTART_SECONDS = 0.3


class Process:
    """One part, by a name such as `relay 2`. `ended` has how it ended where nobody here had killed it."""

    def __init__(self, name: str, environment: Mapping[str, str], log: Path, clock: Path) -> None:
        self.name = name
        self.ended: list[str] = []
        self._environment = environment
        self._log = log
        self._clock = clock
        self._child: Child | None = None
        self._was_killed = False
        self._stopping = False
        self._may_run = asyncio.Event()
        self._may_run.set()
        self._task = asyncio.create_task(self._keep_running(), name=name)

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child and self._child.exit_code is None else None

    def kill(self) -> None:
        """kill -9; a successor follows by itself."""
        self._was_killed = self.pid is not None
        self._signal(signal.SIGKILL)

    def hold(self) -> None:
        """kill -9, and no successor until it is released."""
        self._may_run.clear()
        self.kill()

    def release(self) -> None:
        self._may_run.set()

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def set_clock(self, seconds: int) -> None:
        """How far its clock is off from now on; a successor's too."""
        self._clock.write_text(str(seconds))

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL where that does not help."""
        self._stopping = True
        self.go_on()
        if self._child:
            await self._child.stop(15)
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    def _signal(self, number: int) -> None:
        if pid := self.pid:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    async def _keep_running(self) -> None:
        kind = self.name.split()[0]
        command = [sys.executable, "-m", "tests.faults.clock", str(self._clock), "stack", kind]
        while not self._stopping:
            await self._may_run.wait()
            with self._log.open("ab") as output:
                self._child = await Child.spawn(command, environment={**os.environ, **self._environment}, output=output)
            if not self._may_run.is_set():
                self.kill()  # it was on its way when it was to be held
            exit_code = await self._child.wait()
            if not (self._was_killed or self._stopping):
                self.ended.append(describe(exit_code))
            self._was_killed = False
            await asyncio.sleep(RESTART_SECONDS)
