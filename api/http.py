"""uvicorn's HTTP, with a short way for requests that need none of what stands between it and the endpoint.

An answer by a plan costs less than a request's way through ASGI: reading its messages, the application's layers, and
checking each header that comes back. It also costs less than parsing one more time what a client says before each
request (api.heads).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable
from typing import Any, Final, Protocol, cast

from starlette.types import Scope
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.awaited import Awaited
from api.heads import Head, Heads

_ANSWER: Final = b"%bcontent-length: %d\r\n%b%b\r\n%b"


def _last_words(status: bytes, code: bytes, message: bytes) -> bytes:
    body = b'{"errors":[{"message":"%b","extensions":{"code":"%b"}}]}' % (message, code)
    head = b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
    return head % (status, len(body), body)


_LATE: Final = _last_words(
    b"408 Request Timeout", b"TIMEOUT", b"The request did not come in time (REQUEST_SECONDS): send it again."
)
_FULL: Final = _last_words(
    b"503 Service Unavailable", b"UNAVAILABLE", b"Too many connections here (MAX_CONNECTIONS), try again in a moment."
)


_LONG: Final = _last_words(
    b"431 Request Header Fields Too Large", b"BAD_USER_INPUT", b"The address and the headers have more than 64 KiB."
)
LONGEST_HEAD: Final = 1 << 16
"""Bytes of a request before its body; httptools knows no bound, and takes the longer the longer a header is."""

UNWANTED_SECONDS: Final = 0.01
"""Between pieces (of at most 256 KB) of a body that is read for nothing."""


class ShortWay(Protocol):
    """What answers some requests by itself."""

    @property
    def is_leaving(self) -> bool:
        """Whether answers are the last ones on their connections from now on."""
        ...

    def takes(self, scope: Scope) -> bool:
        """Whether the request may be answered so: nothing but the endpoint has a word in it."""
        ...

    def answer(self, scope: Scope, body: bytes) -> Awaitable[tuple[bytes, bytes] | None]:
        """The status line with headers of its own, and the body; None where the application has to answer.

        That is then given the same scope.
        """
        ...


class HttpProtocol(HttpToolsProtocol):
    """A connection."""

    def __init__(self, short_way: ShortWay, awaited: Awaited, heads: Heads, **options: Any) -> None:
        super().__init__(**options)
        self._short_way = short_way
        self._awaited = awaited
        self._heads = heads
        self._held: tuple[RequestResponseCycle, ASGI3Application] | None = None
        self._unfinished = 0
        """Bytes that have come and were not the end of a head, a piece of a body or its end."""
        self._has_moved = False

    def data_received(self, data: bytes) -> None:
        """Read on; a head without an end, or a trailer, is read no further than it may be long."""
        is_new = self._is_between_requests
        if is_new and (known := self._heads.find(data)):
            self._begin(*known)
            return
        self._has_moved = False
        super().data_received(data)
        if is_new and self._is_whole:
            self._heads.learn(data, _scope(self.cycle), bytes(self.cycle.body))
        self._unfinished = 0 if self._has_moved else self._unfinished + len(data)
        if self._unfinished > LONGEST_HEAD and not self.transport.is_closing():
            if self._is_in_head or (self.cycle and not self.cycle.response_started):
                self.transport.write(_LONG)
            self.transport.close()

    @property
    def _is_between_requests(self) -> bool:
        """Whether the parser waits for a request's first byte, and the one before has its answer."""
        cycle = self.cycle
        if cycle is None:
            return self.scope is None and not self._unfinished
        return self.scope is cycle.scope and cycle.response_complete and not cycle.more_body and not self._unfinished

    @property
    def _is_whole(self) -> bool:
        """Whether all that has come is one request, and more may follow it."""
        cycle = self.cycle
        return (
            cycle is not None
            and self.scope is cycle.scope
            and cycle.keep_alive
            and not (cycle.more_body or cycle.response_started or cycle.waiting_for_100_continue)
        )

    def _begin(self, head: Head, body: bytes) -> None:
        """As the parser would, which stays where it is: between two requests."""
        self._unset_keepalive_if_required()
        self.on_message_begin()
        self.headers.extend(head.headers)
        self.scope.update(head.scope)  # type: ignore[typeddict-item]
        self.cycle = RequestResponseCycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=True,
            on_response=self.on_response_complete,
        )
        self.cycle.body += body
        self.cycle.more_body = False
        self.cycle.message_event.set()
        self._awaited.arrived(self)
        self._start_asgi_task(self.cycle, self.app)

    def on_headers_complete(self) -> None:
        """Begin with the request; what comes as a header behind its body (a trailer) is none of it.

        A proxy may let trailers through, and an address that it has not named itself is not to be believed (RFC 9110,
        section 6.5.1).
        """
        self._has_moved = True
        super().on_headers_complete()
        if not self._is_in_head:  # nor a WebSocket's handshake
            self.headers = deque(maxlen=0)  # type: ignore[assignment]  # which keeps nothing

    @property
    def _is_in_head(self) -> bool:
        """Whether a request has begun, and its headers have not ended."""
        return self.scope is not None and (self.cycle is None or self.cycle.scope is not self.scope)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Wait for its first request, where there is room."""
        super().connection_made(transport)
        if not self._awaited.admit(self, len(self.connections), self.loop.time()):
            transport.write(_FULL)
            transport.close()

    def give_up(self) -> None:
        """Close: no request has come, or not a whole one."""
        if not self.transport.is_closing():
            if self._is_in_head or (self.cycle and self.cycle.more_body and not self.cycle.response_complete):
                self.transport.write(_LATE)
            self.transport.close()

    def on_response_complete(self) -> None:
        """Wait for the next request, unless it is there."""
        super().on_response_complete()
        if not self.pipeline and (self.cycle.response_complete or self.cycle.more_body):
            self._awaited.wait(self, self.loop.time())

    def handle_websocket_upgrade(self) -> None:
        """From now on it is a WebSocket."""
        self._awaited.arrived(self)
        super().handle_websocket_upgrade()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Called by uvicorn when it is the request's turn; its body may still be on its way."""
        if cycle.waiting_for_100_continue or not self._short_way.takes(_scope(cycle)):
            super()._start_asgi_task(cycle, app)
        elif cycle.more_body:
            self._held = cycle, app
        else:
            self._answer(cycle, app)

    def on_body(self, body: bytes) -> None:
        """Hold the request until its body is whole, unless it is a long one: uvicorn reads on when it is asked.

        What comes of a body that is answered already is read a piece at a time: its sender has to get rid of it to
        hear the answer, but the event loop would read 8 MB of it in one go while others wait.
        """
        self._has_moved = True
        super().on_body(body)
        if self.cycle.response_complete and not self.transport.is_closing():
            self.flow.pause_reading()
            self.loop.call_later(UNWANTED_SECONDS, self._read_on)
        if self._held and len(self._held[0].body) > HIGH_WATER_LIMIT:
            held, self._held = self._held, None
            super()._start_asgi_task(*held)

    def _read_on(self) -> None:
        if not self.transport.is_closing():
            self.flow.resume_reading()

    def on_message_complete(self) -> None:
        """Answer what was held."""
        self._has_moved = True
        if self.cycle is None or not self.cycle.response_complete:  # else it was answered before it was whole
            self._awaited.arrived(self)
        super().on_message_complete()
        if self._held:
            held, self._held = self._held, None
            self._answer(*held)

    def _answer(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        task = self.loop.create_task(self._go(cycle, app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has left; what was held of a request goes as well."""
        super().connection_lost(exc)
        self._awaited.arrived(self)
        if self._held:
            self._held[0].on_response = _nothing
            self._held = None

    def shutdown(self) -> None:
        """Called by the server that stops: a request whose body is still to come goes the ordinary way, which ends."""
        if self._held:
            held, self._held = self._held, None
            super()._start_asgi_task(*held)
        super().shutdown()

    async def _go(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        try:
            answer = await self._short_way.answer(_scope(cycle), bytes(cycle.body))
            if answer is None:
                await cycle.run_asgi(app)
            else:
                await self._send(cycle, *answer)
        finally:
            cycle.on_response = _nothing  # it is this protocol's, and uvicorn breaks the circle there too

    async def _send(self, cycle: RequestResponseCycle, head: bytes, body: bytes) -> None:
        if self.flow.write_paused:
            await self.flow.drain()
        if not cycle.disconnected and not self.transport.is_closing():
            headers = b"".join([b"%b: %b\r\n" % header for header in cycle.default_headers])
            cycle.keep_alive &= not self._short_way.is_leaving
            closing = b"" if cycle.keep_alive else b"connection: close\r\n"
            self.transport.write(_ANSWER % (head, len(body), headers, closing, body))
            cycle.response_started = cycle.response_complete = True
            cycle.body = bytearray()  # the connection keeps the rest until the next request
            cycle.message_event.set()
            if not cycle.keep_alive:
                self.transport.close()
            cycle.on_response()


def _nothing() -> None:
    pass


def _scope(cycle: RequestResponseCycle) -> Scope:
    return cast(Scope, cycle.scope)
