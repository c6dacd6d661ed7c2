"""The load: connections that send the next request once they have the whole answer to the last, and look into it.

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

    `late`: good answers that came after the `seconds` of the load, to requests that were sent before.
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

    def __init__(self, next_request: Callable[[], bytes | None], took: Callable[[int, bytes, float], None]) -> None:
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
        self._took(self._parser.get_status_code(), b"".join(self._body), perf_counter() - self._sent_at)
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
        request = self._next_request()
        if request is None:
            self._transport.close()
            return
        self._waiting = True
        self._sent_at = perf_counter()
        self._transport.write(request)


async def drive(
    url: str,
    requests: Iterator[bytes],
    is_good: Callable[[bytes], bool],
    *,
    connections: int,
    seconds: float,
    patience: float = PATIENCE_SECONDS,
) -> Outcome:
    """Send the requests for so long, or as long as there are any; an answer counts if its body is good."""
    loop = asyncio.get_running_loop()
    address, outcome = urlsplit(url), Outcome()
    began = perf_counter()

    def next_request() -> bytes | None:
        return next(requests, None) if perf_counter() - began < seconds else None

    def took(status: int, body: bytes, latency: float) -> None:
        if status == 200 and is_good(body):
            if perf_counter() - began <= seconds:
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
    return outcome
