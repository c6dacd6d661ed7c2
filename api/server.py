"""The web server: uvicorn, which is told when to stop instead of listening for signals, and then leaves in steps."""

import asyncio
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Final

import uvicorn
from pydantic_core import to_json
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import State

from api.errors import BadUserInput
from api.leaving import Leaving
from api.socket import AT_ONCE

CLOSE_SECONDS: Final = 2.0
"""How long a WebSocket's client may take to answer that it is closed."""
_REFUSED: Final = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
)
MOST_AT_ONCE: Final = 65_536
"""Bytes to one client that are written together; whatever is more waits for it."""


class SocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, which the application closes: it knows the code, and which answers are still owed."""

    _writing: ClassVar[list["SocketProtocol"]] = []
    """All that have something to write."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.close_timeout = CLOSE_SECONDS
        self._unwritten = bytearray()

    def data_received(self, data: bytes) -> None:
        """Read on; a handshake that cannot be read is answered, where uvicorn would leave its client waiting."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            fault = BadUserInput(f"The handshake cannot be read: {self.conn.handshake_exc}.")
            body = to_json({"errors": [fault.formatted]})
            self.transport.write(_REFUSED % (len(body), body))
            self.transport.close()

    def handle_connect(self, event: Request) -> None:
        """Take the connection, and let the application send at once."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            self.scope["extensions"][AT_ONCE] = {"send": self.send_at_once}

    def send_at_once(self, text: bytes) -> bool:
        """Send a text message, in UTF-8, without waiting; False where it would have to, or nobody is there any more.

        What comes together is written together: the system call costs more than all the rest.
        """
        if not self.writable.is_set() or self.conn.state is not State.OPEN or len(self._unwritten) > MOST_AT_ONCE:
            return False
        if not self._unwritten:
            if not self._writing:
                # In the turn after the next: what has arrived meanwhile, in the feeds of other partitions, goes along.
                self.loop.call_soon(self.loop.call_soon, self._write_all)
            self._writing.append(self)
        self._unwritten += _head_of_text(len(text)) + text
        return True

    async def send(self, message: ASGISendEvent) -> None:
        """Send, as ASGI has it; after what was sent at once before."""
        self._write()
        await super().send(message)

    @classmethod
    def _write_all(cls) -> None:
        writing = list(cls._writing)
        cls._writing.clear()
        for protocol in writing:
            try:
                protocol._write()
            except Exception:  # whatever is wrong with one connection, others have theirs to get
                protocol.logger.exception("a WebSocket could not be written to")

    def _write(self) -> None:
        unwritten, self._unwritten = self._unwritten, bytearray()
        if unwritten and self.conn.state is State.OPEN and not self.transport.is_closing():
            self.transport.write(unwritten)

    def shutdown(self) -> None:
        """Nothing: uvicorn would close with 1012 here, in the middle of whatever is being answered."""


def _head_of_text(length: int) -> bytes:
    """What stands before a whole, unmasked text message (RFC 6455, section 5.2)."""
    if length < 126:
        return bytes((0x81, length))
    if length < 65536:
        return b"\x81\x7e" + length.to_bytes(2, "big")
    return b"\x81\x7f" + length.to_bytes(8, "big")


class Server(uvicorn.Server):
    """Serves until `stopping`.

    For `notice` seconds it then serves on, but is not ready. After that it takes no connection, closes those that
    wait for a request, ends streams and sockets (Leaving), and waits for the answers in flight.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        leaving: Leaving,
        stopping: asyncio.Event,
        *,
        notice: float,
        sweeps: Sequence[Callable[[float], None]] = (),
    ) -> None:
        super().__init__(config)
        self._sweeps = sweeps
        self._leaving = leaving
        self._stopping = stopping
        self._notice = notice

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are not the server's business."""
        yield

    async def on_tick(self, counter: int) -> bool:
        """Whether to stop: asked ten times a second, which is when `sweeps` are called with the event loop's time."""
        now = asyncio.get_running_loop().time()
        for sweep in self._sweeps:
            sweep(now)
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
