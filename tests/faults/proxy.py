"""A TCP proxy on loopback before one server, whose connections can be cut, and stalled as by a network that is gone."""

import asyncio
from typing import Self, cast

HOST = "127.0.0.1"


class Proxy:
    """Passes bytes on to the server's port from `port`, which stays the same for its whole life."""

    def __init__(self) -> None:
        self.port = 0
        self.target = 0
        self.is_stalled = False
        self.is_stopped = False
        self._sides: set[_Side] = set()
        self._server: asyncio.Server

    @classmethod
    async def start(cls, target: int = 0) -> Self:
        """A proxy on a free port; the target can be set later."""
        proxy = cls()
        proxy.target = target
        loop = asyncio.get_running_loop()
        proxy._server = await loop.create_server(lambda: _Caller(proxy), HOST, 0)
        proxy.port = proxy._server.sockets[0].getsockname()[1]
        return proxy

    def cut(self) -> int:
        """Drop every connection; answers how many there were."""
        cut = list(self._sides)
        for side in cut:
            side.abort()
        return len(cut) // 2

    def stall(self) -> None:
        """Nothing passes any more, and nobody is told; new connections get no answer."""
        self.is_stalled = True
        self._adjust()

    def resume(self) -> None:
        """What waited goes on."""
        self.is_stalled = False
        self._adjust()

    def stop(self) -> None:
        self.is_stopped = True
        self._server.close()
        self.cut()

    def _adjust(self) -> None:
        for side in list(self._sides):
            side.adjust()


class _Side(asyncio.Protocol):
    """One of the two connections of a pair."""

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self.peer: _Side | None = None
        self.transport: asyncio.Transport | None = None
        self._peer_is_full = False
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.proxy._sides.add(self)
        if self.proxy.is_stopped:  # it was on its way in
            self.abort()
        self.adjust()

    def data_received(self, data: bytes) -> None:
        assert self.peer
        assert self.peer.transport
        self.peer.transport.write(data)

    def pause_writing(self) -> None:
        self._tell_peer(is_full=True)

    def resume_writing(self) -> None:
        self._tell_peer(is_full=False)

    def connection_lost(self, error: Exception | None) -> None:
        self.proxy._sides.discard(self)
        if self.peer and self.peer.transport:
            self.peer.transport.close()

    def adjust(self) -> None:
        """Read only where what is read can go somewhere."""
        paused = self.proxy.is_stalled or self._peer_is_full or self.peer is None or self.peer.transport is None
        if self.transport is None or self.transport.is_closing() or paused == self._paused:
            return
        self._paused = paused
        if paused:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def abort(self) -> None:
        if self.transport:
            self.transport.abort()

    def _tell_peer(self, *, is_full: bool) -> None:
        if self.peer:
            self.peer._peer_is_full = is_full
            self.peer.adjust()


class _Caller(_Side):
    """The side of whoever connects; it brings the other one about."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        while self.proxy.is_stalled:  # noqa: ASYNC110 - as a network that is gone
            await asyncio.sleep(0.05)
        other = _Side(self.proxy)
        other.peer = self
        try:
            await asyncio.get_running_loop().create_connection(lambda: other, HOST, self.proxy.target)
        except OSError:
            self.abort()
            return
        self.peer = other
        if self.transport is None or self.transport.is_closing():
            other.abort()
        self.adjust()
