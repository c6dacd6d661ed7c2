"""A network between clients and the API, which can be cut and can lose answers."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tests.system import ANSWER_SECONDS

End = tuple[StreamReader, StreamWriter]


class Network:
    """Passes bytes on to the address of `url`, from a port of its own: `port`."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._writers: set[StreamWriter] = set()
        self._is_cut = False
        self._to_lose: bytes | None = None
        self.port: int
        self._answers = bytearray()
        self.lost = 0

    def cut(self) -> None:
        """Break all connections, and let none be made."""
        self._is_cut = True
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        """Let connections be made again."""
        self._is_cut = False

    def lose_answer_to(self, request: bytes) -> None:
        """Pass on the next request that has these bytes in it, but break the connection instead of answering."""
        self._to_lose = request

    async def answered(self, text: bytes) -> None:
        """Until that came back in some answer."""
        async with asyncio.timeout(ANSWER_SECONDS):
            while text not in self._answers:  # noqa: ASYNC110 - bytes that others add tell nobody
                await asyncio.sleep(0.01)

    async def carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One connection, to its end."""
        self._writers.add(writer)
        try:
            if self._is_cut:
                return
            there = await asyncio.open_connection(self._target.hostname, self._target.port)
            self._writers.add(there[1])
            try:
                await self._exchange((reader, writer), there)
            finally:
                self._writers.discard(there[1])
                there[1].transport.abort()
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _exchange(
        self, here: tuple[StreamReader, StreamWriter], there: tuple[StreamReader, StreamWriter]
    ) -> None:
        is_losing = False

        async def up() -> None:
            nonlocal is_losing
            while data := await here[0].read(65_536):
                if self._to_lose and self._to_lose in data:
                    is_losing, self._to_lose = True, None
                there[1].write(data)

        async def down() -> None:
            while data := await there[0].read(65_536):
                if is_losing:
                    self.lost += 1
                    return
                self._answers += data
                here[1].write(data)

        ways = {asyncio.create_task(up()), asyncio.create_task(down())}
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)


@asynccontextmanager
async def network_to(url: str) -> AsyncIterator[Network]:
    """A network to the server at this URL."""
    network = Network(url)
    server = await asyncio.start_server(network.carry, "127.0.0.1", 0)
    network.port = server.sockets[0].getsockname()[1]
    try:
        yield network
    finally:
        network.cut()
        server.close()
        await server.wait_closed()
