"""A gate before a server: it takes clients by TLS or by a Unix socket, and passes on what they say."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from ssl import SSLContext


@asynccontextmanager
async def tls_gate(port: int, context: SSLContext) -> AsyncIterator[int]:
    """The port of a gate to that port."""
    server = await asyncio.start_server(partial(_pass_on, port), "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def unix_gate(port: int, path: Path) -> AsyncIterator[None]:
    """A gate at that path to the port."""
    server = await asyncio.start_unix_server(partial(_pass_on, port), path)
    try:
        yield
    finally:
        server.close()


async def _pass_on(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    there, to_there = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.gather(_copy(reader, to_there), _copy(there, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()
