"""The web server: uvicorn, which is told when to stop instead of listening for signals, and then leaves in steps."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from api.leaving import Leaving

CLOSE_SECONDS: Final = 2.0
"""How long a WebSocket's client may take to answer that it is closed."""


class SocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, which the application closes: it knows the code, and which answers are still owed."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.close_timeout = CLOSE_SECONDS

    def shutdown(self) -> None:
        """Nothing: uvicorn would close with 1012 here, in the middle of whatever is being answered."""


class Server(uvicorn.Server):
    """Serves until `stopping`.

    For `notice` seconds it then serves on, but is not ready. After that it takes no connection, closes those that
    wait for a request, ends streams and sockets (Leaving), and waits for the answers in flight.
    """

    def __init__(self, config: uvicorn.Config, leaving: Leaving, stopping: asyncio.Event, *, notice: float) -> None:
        super().__init__(config)
        self._leaving = leaving
        self._stopping = stopping
        self._notice = notice

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are not the server's business."""
        yield

    async def on_tick(self, counter: int) -> bool:
        """Whether to stop: asked ten times a second."""
        self.should_exit = self._stopping.is_set()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Leave, step by step; what has no answer when the grace is over is cancelled."""
        self._leaving.announce()
        await asyncio.sleep(self._notice)
        self._leaving.begin()
        await super().shutdown(sockets)
        if cut_off := set(self.server_state.tasks):
            await asyncio.wait(cut_off, timeout=CLOSE_SECONDS)  # until they have said so
