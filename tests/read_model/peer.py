"""A server that takes what a client of Redis says, and answers when a test says so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, cast

import hiredis

from tests.read_model.patience import PATIENCE, until

GREETING: Final = "CLIENT"
"""What redis-py says first, with RESP2 and without a password."""


class Peer:
    """Greets every client, and keeps the rest that it says in `asked`, by connection, until it is answered."""

    def __init__(self) -> None:
        self.asked: list[asyncio.Queue[tuple[str, ...]]] = []
        self.writers: list[asyncio.StreamWriter] = []
        self.left: set[int] = set()
        """The connections whose clients are gone."""
        self.is_welcoming = True
        """Otherwise it hangs up on whoever comes."""
        self.attempts = 0
        self.url = ""

    async def next(self, connection: int) -> tuple[str, ...]:
        """What was asked on that connection and is not answered yet."""
        await until(lambda: len(self.asked) > connection)
        async with asyncio.timeout(PATIENCE):
            return await self.asked[connection].get()

    def answer(self, connection: int, *replies: str) -> None:
        """Simple replies, in that order."""
        self.writers[connection].write("".join(f"+{reply}\r\n" for reply in replies).encode())

    def stop_reading(self, connection: int) -> None:
        """Take nothing more from there, until told to go on."""
        cast("asyncio.Transport", self.writers[connection].transport).pause_reading()

    def resume_reading(self, connection: int) -> None:
        """Go on."""
        cast("asyncio.Transport", self.writers[connection].transport).resume_reading()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.attempts += 1
        if not self.is_welcoming:
            writer.close()
            return
        said, queue = hiredis.Reader(encoding="utf-8"), asyncio.Queue[tuple[str, ...]]()
        self.asked.append(queue)
        self.writers.append(writer)
        with suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                said.feed(data)
                while command := said.gets():
                    if command[0] == GREETING:
                        writer.write(b"+OK\r\n")
                    else:
                        queue.put_nowait(tuple(command))
        self.left.add(self.writers.index(writer))


@asynccontextmanager
async def open_peer() -> AsyncIterator[Peer]:
    """One on a port of its own."""
    peer = Peer()
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    peer.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}?protocol=2"
    try:
        yield peer
    finally:
        server.close()
        for writer in peer.writers:
            writer.close()
