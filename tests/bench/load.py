"""The load: connections that send a request once they have the whole answer to the last, and look into it; or so many
a second, whatever the answers do.

On asyncio's protocols, because nothing may be dearer here than in the servers that are measured: whole HTTP clients
do more for a request than a raw server does, and Node's autocannon would need Node for every run.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast
from urllib.parse import urlsplit

from httptools import HttpResponseParser

PATIENCE_SECONDS = 15.0
"""How long the last answers may take; what comes later, or never, is an error."""


@dataclass
class Outcome:
    """What came of a load. `latencies`: seconds, one for each good answer; `example`: the first that was not.

    `late`: good answers that came after the `seconds` of the load, to requests that were sent before; where the load
    had a rate there are none: they are among the `latencies`, or the slowest would not count.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    errors: int = 0
    late: int = 0
    example: bytes = b""


def http_request(url: str, body: bytes, token: str | None) -> bytes:
    """The bytes of a POST with JSON."""
    address = urlsplit(url)
    lines = [
        f"POST {address.path} HTTP/1.1",
        f"host: {address.netloc}",
        "content-type: application/json",
        "accept: application/json",
        f"content-length: {len(body)}",
        *([f"authorization: Bearer {token}"] if token else []),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class _Connection(asyncio.Protocol):
    """One of the clients. Its methods `on_...` are the parser's callbacks."""

    def __init__(
        self, next_request: Callable[[], tuple[bytes, float] | None], took: Callable[[int, bytes, float], None]
    ) -> None:
        self._next_request = next_request
        self._took = took
        self._parser = HttpResponseParser(self)
        self._body: list[bytes] = []
        self._waiting = False
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop has classes of its own
        self._send()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._waiting = False
        self._took(self._parser.get_status_code(), b"".join(self._body), perf_counter() - self._due)
        self._body.clear()
        self._send()

    def give_up(self) -> None:
        """End it, whatever it waits for."""
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting:
            self._took(0, b"the connection was closed, or there was no answer in time", 0.0)
        if not self.done.done():
            self.done.set_result(None)

    def _send(self) -> None:
        turn = self._next_request()
        if turn is None:
            self._transport.close()
            return
        self._waiting = True
        request, self._due = turn
        early = self._due - perf_counter()
        if early > 0:
            asyncio.get_running_loop().call_later(early, self._write, request)
        else:
            self._write(request)

    def _write(self, request: bytes) -> None:
        if not self.done.done():
            self._transport.write(request)


async def drive(
    url: str,
    requests: Iterator[bytes],
    is_good: Callable[[bytes], bool],
    *,
    connections: int,
    seconds: float,
    rate: float | None = None,
    patience: float = PATIENCE_SECONDS,
) -> Outcome:
    """Send the requests for so long, or as long as there are any; an answer counts if its body is good.

    With a rate, so many of them are due each second, and a latency begins when its request is due: what has to wait
    for a free connection has waited for the server. What then finds none at all is an error.
    """
    loop = asyncio.get_running_loop()
    address, outcome = urlsplit(url), Outcome()
    began = perf_counter()

    due = (began + n / rate for n in range(round(rate * seconds))) if rate else _now_until(began + seconds)
    turns = zip(requests, due, strict=False)

    def next_request() -> tuple[bytes, float] | None:
        return next(turns, None)

    def took(status: int, body: bytes, latency: float) -> None:
        if status == 200 and is_good(body):
            if rate or perf_counter() - began <= seconds:
                outcome.latencies.append(latency)
            else:
                outcome.late += 1
        else:
            outcome.errors += 1
            outcome.example = outcome.example or b"%d %b" % (status, body[:500])

    clients = []
    for _ in range(connections):
        _, client = await loop.create_connection(
            lambda: _Connection(next_request, took), address.hostname or "", address.port or 0
        )
        clients.append(client)
    waiting = [client.done for client in clients]
    await asyncio.wait(waiting, timeout=seconds + patience)
    outcome.seconds = min(perf_counter() - began, seconds)
    for client in clients:
        client.give_up()
    await asyncio.gather(*waiting)
    if rate:
        outcome.errors += sum(1 for _ in turns)
    return outcome


def _now_until(end: float) -> Iterator[float]:
    while (now := perf_counter()) < end:
        yield now
