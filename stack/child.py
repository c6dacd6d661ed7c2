"""One child process: in a session of its own, tied to this process, stopped politely and then not."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Self

_TETHER = Path(__file__).with_name("tether.py")


class _Events(asyncio.SubprocessProtocol):
    """What the event loop tells of the process. The end is the process's own: a pipe may stay open in its children."""

    def __init__(self) -> None:
        self.exited = asyncio.Event()
        self.output = asyncio.StreamReader()
        self._transport: asyncio.SubprocessTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002 - stderr goes the same way
        self.output.feed_data(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002
        self.output.feed_eof()

    def process_exited(self) -> None:
        self.exited.set()
        if self._transport.get_pipe_transport(1) is None:
            self._transport.close()


class Child:
    """A running process. A Ctrl-C of the terminal does not reach it: its parent says when it is time."""

    def __init__(self, transport: asyncio.SubprocessTransport, events: _Events) -> None:
        self._transport = transport
        self._events = events
        self.pid: int = transport.get_pid()

    @classmethod
    async def spawn(
        cls, command: Sequence[str], *, environment: Mapping[str, str] | None = None, output: int | IO[bytes]
    ) -> Self:
        """Start the command; `output` takes stdout and stderr: a file, or asyncio.subprocess.PIPE to read `output`."""
        transport, events = await asyncio.get_running_loop().subprocess_exec(
            _Events,
            *(sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), *command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
        return cls(transport, events)

    @property
    def output(self) -> asyncio.StreamReader:
        """What it says, where it was spawned with a pipe."""
        return self._events.output

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._transport.get_returncode()

    async def wait(self) -> int:
        """Until it ends; its exit code."""
        await self._events.exited.wait()
        exit_code = self._transport.get_returncode()
        assert exit_code is not None
        return exit_code

    def terminate(self) -> None:
        """Ask it to end; nothing where it has."""
        with contextlib.suppress(ProcessLookupError):
            self._transport.terminate()

    def kill(self) -> None:
        """End it at once, with all that it started; nothing where all that has ended."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    async def stop(self, grace: float) -> int:
        """SIGTERM, and SIGKILL after `grace` seconds; its exit code."""
        try:
            self.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.wait(), grace)
        finally:
            self.kill()
        return await self.wait()

    def close(self) -> None:
        """Let go of its pipe, once it has ended and what it said has been read."""
        self._transport.close()
