"""The proxy passes on what it is given, until it is told to cut or to stall."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.faults.proxy import HOST, Proxy

PATIENCE_SECONDS = 10.0


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """Before a server that says everything back."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, HOST, 0)
    proxy = await Proxy.start(server.sockets[0].getsockname()[1])
    async with server:
        yield proxy
        proxy.stop()
        await asyncio.sleep(0)


async def test_more_passes_than_any_buffer_holds(proxy: Proxy) -> None:
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    data = bytes(5_000_000)
    writer.write(data)
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await reader.readexactly(len(data)) == data
    writer.close()


async def test_a_cut_ends_every_connection(proxy: Proxy) -> None:
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    writer.write(b"there")
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await reader.readexactly(5) == b"there"
        assert proxy.cut() == 1
        assert await reader.read() == b""
    writer.close()


async def test_a_stall_holds_everything_back_until_it_is_over(proxy: Proxy) -> None:
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    writer.write(b"before")
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await reader.readexactly(6) == b"before"
        proxy.stall()
        late_reader, late_writer = await asyncio.open_connection(HOST, proxy.port)
        for one in (writer, late_writer):
            one.write(b"after")
        waiting = asyncio.gather(reader.readexactly(5), late_reader.readexactly(5))
        done, _ = await asyncio.wait({waiting}, timeout=0.3)
        assert not done
        proxy.resume()
        early, late = await waiting
        assert early == late == b"after"
    writer.close()
    late_writer.close()
