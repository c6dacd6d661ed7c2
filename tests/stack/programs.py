"""The command line as a process: run to its end, or watched while it goes on, on a terminal or not."""

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-P", "-m", "stack")
PATIENCE_SECONDS = 60.0


async def run(
    directory: Path, environment: Mapping[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:  # fmt: skip
    """A command that comes to its end, in that directory."""

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments],
            cwd=directory,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )

    done = await asyncio.to_thread(run)
    assert "Traceback" not in done.stderr, done.stderr
    return done


class Watched:
    """A command that goes on until it is told to stop."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def line(self) -> str:
        """The next line that it says."""
        assert self.process.stdout
        async with asyncio.timeout(PATIENCE_SECONDS):
            return (await self.process.stdout.readline()).decode()

    async def objects(self, count: int) -> list[dict[str, Any]]:
        """The next lines, each JSON."""
        return [json.loads(await self.line()) for _ in range(count)]

    async def complaint(self) -> str:
        """The next line on stderr."""
        assert self.process.stderr
        async with asyncio.timeout(PATIENCE_SECONDS):
            return (await self.process.stderr.readline()).decode()

    async def end(self) -> tuple[int, str]:
        """Its exit code, and what is left on stderr."""
        assert self.process.stderr
        async with asyncio.timeout(PATIENCE_SECONDS):
            complaints = (await self.process.stderr.read()).decode()
            return await self.process.wait(), complaints


@asynccontextmanager
async def watched(directory: Path, environment: Mapping[str, str], *arguments: str) -> AsyncIterator[Watched]:
    """A command, ended with the block if nothing else ended it."""
    process = await asyncio.create_subprocess_exec(
        *(*COMMAND, *arguments),
        cwd=directory,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=_heed_ctrl_c,
    )
    try:
        yield Watched(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def _heed_ctrl_c() -> None:
    # Whoever was started in the background by a shell ignores it, and so would all that we start.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def on_a_terminal(
    directory: Path, environment: Mapping[str, str], *arguments: str, program: Sequence[str] = COMMAND
) -> str:
    """What a command shows on a terminal, stdout and stderr together."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*program, *arguments],
        cwd=directory,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = bytearray()
    try:
        while chunk := os.read(ours, 65_536):
            shown += chunk
    except OSError:  # how Linux says that the other side was closed
        pass
    finally:
        os.close(ours)
        process.wait(PATIENCE_SECONDS)
    return shown.decode()
