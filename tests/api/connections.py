"""A server of HTTP without an API behind it, and clients that send it bytes."""

import asyncio
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from api.awaited import Awaited
from api.heads import Heads
from api.http import HttpProtocol

LONG = 200_000


@dataclass
class Short:
    """Answers what was sent to `/short`, once `go` is set, and leaves `/refused` to the application."""

    go: asyncio.Event = field(default_factory=asyncio.Event)
    answered: int = 0
    is_leaving: bool = False
    headers: list[list[tuple[bytes, bytes]]] = field(default_factory=list)
    """Of each request, to be looked at when it is over."""

    def takes(self, scope: Scope) -> bool:
        self.headers.append(scope["headers"])
        return scope["path"] in ("/short", "/refused")

    async def answer(self, scope: Scope, body: bytes) -> tuple[bytes, bytes] | None:
        await self.go.wait()
        if scope["path"] == "/refused":
            scope["kept"] = body
            return None
        self.answered += 1
        return b"HTTP/1.1 200 OK\r\nits: own\r\n", b"short " + body


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers what it was sent, or what was read of it already; `/unread` before the body is there."""
    body, more = scope.get("kept", b""), "kept" not in scope and scope["path"] != "/unread"
    while more:
        message = await receive()
        scope["state"]["read"].append(message["body"])
        body += message["body"]
        more = message["more_body"]
    answer = b"long " + body
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(answer))]})
    await send({"type": "http.response.body", "body": answer})


class Client:
    """A connection, over which bytes are sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def head(self) -> bytes:
        """What the next answer begins with."""
        return await self._reader.readuntil(b"\r\n\r\n")

    async def answer(self) -> tuple[dict[bytes, bytes], bytes]:
        """The next answer: headers and body."""
        head = await self.head()
        status, *lines = head.split(b"\r\n")[:-2]
        assert status == b"HTTP/1.1 200 OK"
        headers = dict(line.split(b": ", 1) for line in lines)
        return headers, await self._reader.readexactly(int(headers[b"content-length"]))

    async def rest(self) -> bytes:
        """What comes until the server closes."""
        return await self._reader.read()

    def leave(self) -> None:
        self._writer.close()


@dataclass
class Served:
    short: Short
    state: ServerState
    port: int
    protocols: list[weakref.ref[HttpProtocol]]
    awaited: Awaited
    heads: Heads
    read: list[bytes]
    """What the application has read."""

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                yield Client(reader, writer)
            finally:
                writer.close()


@asynccontextmanager
async def serving() -> AsyncIterator[Served]:
    """A server on a port of its own, with room for three connections, each of which may wait for five seconds."""
    config = uvicorn.Config(application, lifespan="off", log_config=None, server_header=False)
    config.load()
    short, state, awaited, heads = Short(), ServerState(), Awaited(seconds=5, most=3), Heads()
    state.default_headers = [(b"date", b"today")]
    short.go.set()
    protocols: list[weakref.ref[HttpProtocol]] = []
    read: list[bytes] = []

    def protocol() -> HttpProtocol:
        made = HttpProtocol(short, awaited, heads, config=config, server_state=state, app_state={"read": read})
        protocols.append(weakref.ref(made))
        return made

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    async with server:
        yield Served(short, state, server.sockets[0].getsockname()[1], protocols, awaited, heads, read)
        for connection in list(state.connections):
            connection.shutdown()


async def until(holds: Callable[[], object]) -> None:
    """Return once it holds, within ten seconds; AssertionError."""
    for _ in range(10_000):
        if holds():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never came to hold")


def request(path: str, body: bytes, *headers: bytes, version: bytes = b"1.1") -> bytes:
    lines = [b"POST %b HTTP/%b" % (path.encode(), version), b"host: x", b"content-length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
