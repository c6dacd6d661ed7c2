"""Subscribers: WebSockets that count what they get, cheaply enough for thousands of them in one process."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from functools import partial
from time import perf_counter
from typing import cast
from urllib.parse import urlsplit

PATIENCE_SECONDS = 60.0
_OPENING = """\
GET {path} HTTP/1.1\r
host: {netloc}\r
upgrade: websocket\r
connection: Upgrade\r
sec-websocket-version: 13\r
sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r
sec-websocket-protocol: graphql-transport-ws\r
{token}\r
"""


def frame(message: dict[str, object]) -> bytes:
    """A masked text frame of at most 65,535 bytes; the mask is zero, which RFC 6455 (section 5.3) leaves to us."""
    payload = json.dumps(message).encode()
    length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + payload


def cut_frames(data: bytearray) -> list[tuple[int, bytes]]:
    """Take the whole frames off the front of what a server sent: their opcodes and payloads."""
    frames, at = [], 0
    while len(data) >= at + 2:
        head, length = 2, data[at + 1] & 0x7F
        if length >= 126:
            head = 4 if length == 126 else 10
            if len(data) < at + head:
                break
            length = int.from_bytes(data[at + 2 : at + head], "big")
        if len(data) < at + head + length:
            break
        frames.append((data[at] & 0x0F, bytes(data[at + head : at + head + length])))
        at += head + length
    del data[:at]
    return frames


class Listener(asyncio.Protocol):
    """A socket with one subscription. `acknowledged` is set once the server has taken the connection."""

    def __init__(self, listeners: "Listeners", opening: bytes, subscribe: bytes) -> None:
        self._listeners = listeners
        self._opening = opening
        self._subscribe = subscribe
        self._data = bytearray()
        self._is_open = False
        self.acknowledged = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop has classes of its own
        self.transport.write(self._opening)

    def data_received(self, data: bytes) -> None:
        self._data += data
        if not self._is_open:
            end = self._data.find(b"\r\n\r\n")
            if end < 0:
                return
            if not self._data.startswith(b"HTTP/1.1 101"):
                self._listeners.fail(bytes(self._data[:200]))
            del self._data[: end + 4]
            self._is_open = True
            self.transport.write(frame({"type": "connection_init"}))
        for opcode, payload in cut_frames(self._data):
            if opcode == 9:
                self.transport.write(b"\x8a" + bytes([0x80 | len(payload)]) + bytes(4) + payload)
            elif b'"next"' in payload and b'"errors"' not in payload:
                self._listeners.took()
            elif b"connection_ack" in payload:
                self.transport.write(self._subscribe)
                self.acknowledged.set()
            else:
                self._listeners.fail(payload)

    def connection_lost(self, exc: Exception | None) -> None:
        self._listeners.fail(b"a connection was closed")


class Listeners:
    """Sockets with a subscription each. Anything but a message of it is a failure, told when it is waited for."""

    def __init__(self) -> None:
        self.received = 0
        self._first_at = self._last_at = 0.0
        self._wanted = 0
        self._problem: bytes | None = None
        self._arrived = asyncio.Event()
        self._sockets: list[Listener] = []

    async def open(self, url: str, token: str | None, subscriptions: Iterable[Mapping[str, object]]) -> None:
        """Connect a socket for each, and subscribe: with its query and variables."""
        loop, address = asyncio.get_running_loop(), urlsplit(url)
        opening = _OPENING.format(
            path=address.path, netloc=address.netloc, token=f"authorization: Bearer {token}\r\n" if token else ""
        ).encode()
        for subscription in subscriptions:
            subscribe = frame({"type": "subscribe", "id": "1", "payload": subscription})
            _, listener = await loop.create_connection(
                partial(Listener, self, opening, subscribe), address.hostname or "", address.port or 0
            )
            self._sockets.append(listener)
            async with asyncio.timeout(PATIENCE_SECONDS):
                await listener.acknowledged.wait()

    def took(self) -> None:
        self.received += 1
        if self.received == 1:
            self._first_at = perf_counter()
        if self.received >= self._wanted:
            self._last_at = perf_counter()
            self._arrived.set()

    def fail(self, problem: bytes) -> None:
        self._problem = self._problem or problem
        self._arrived.set()

    async def wait_for(self, messages: int) -> None:
        """Until so many have come since `forget` was called; RuntimeError where something else came."""
        self._wanted = messages
        while self.received < messages:
            self._arrived.clear()
            if self._problem is not None:
                raise RuntimeError(f"a subscription failed: {self._problem.decode(errors='replace')}")
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._arrived.wait()

    @property
    def seconds(self) -> float:
        """From the first message to the last that was waited for."""
        return self._last_at - self._first_at

    def forget(self) -> None:
        """Begin to count anew."""
        self.received = 0

    def close(self) -> None:
        self._sockets, closing = [], self._sockets
        for listener in closing:
            listener.transport.abort()
