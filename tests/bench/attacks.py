"""Clients that mean harm, each in its own way: `python -m tests.bench.attacks NAME URL SECONDS`, the token on stdin.

A program of its own, so that it takes the time of no honest client's event loop; it says on stdout how often it got
which answer.
"""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from itertools import count
from typing import Final
from urllib.parse import urlsplit

import uvloop
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from tests.bench.load import http_request

PERSISTENT: Final = 4
"""Connections of those who send documents, each of which sends the next when it has the answer to the last."""
OPENED_AT_ONCE: Final = 500
"""Connections that are on their way: more than a server's backlog would fail, and not come."""
PAUSE_SECONDS: Final = 0.05
"""Before they try again what was not let in."""

Documents = Callable[[int], str]
"""The n-th document: no two are the same, or those that were seen would cost nothing."""
Seen = Counter[str]


def _deep(n: int) -> str:
    return f"{{ a{n}: " + "categories { ... on Category { " + "... { " * 150 + "name" + " }" * 150 + " } } }"


def _wide(n: int) -> str:
    return "{ " + " ".join(f'a{n}x{k}: order(id: "ord_{k}") {{ id }}' for k in range(180)) + " }"


def _aliases(n: int) -> str:
    return "{ categories { " + " ".join(f"a{n}x{k}: name" for k in range(10_000)) + " } }"


def _circular(n: int) -> str:
    return f"{{ ...F{n} }} fragment F{n} on Query {{ ...G }} fragment G on Query {{ ...F{n} }}"


def _doubling(n: int) -> str:
    fragments = " ".join(f"fragment F{k} on Category {{ ...F{k + 1} ...F{k + 1} }}" for k in range(100))
    return f"{{ a{n}: categories {{ ...F0 }} }} {fragments} fragment F100 on Category {{ name }}"


def _overlapping(n: int) -> str:
    return f"{{ a{n}: categories {{ name }} " + "categories { name } " * 450 + "}"


def _greedy(n: int) -> str:
    page = "orders(first: 100) { nodes { id lines { name quantity } timeline { status } } }"
    return "{ " + " ".join(f"a{n}x{k}: {page}" for k in range(20)) + " }"


DOCUMENTS: Final[dict[str, Documents]] = {
    "deep documents": _deep,
    "wide documents": _wide,
    "10,000 aliases": _aliases,
    "circular fragments": _circular,
    "fragments that double": _doubling,
    "fields that overlap": _overlapping,
    "pages without end": _greedy,
}


async def send_documents(url: str, token: str, seen: Seen, bodies: Iterator[bytes]) -> None:
    """One connection after another, as long as it lasts."""
    address = urlsplit(url)
    while True:
        with suppress(OSError, asyncio.IncompleteReadError, ValueError):
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            try:
                for body in bodies:
                    writer.write(http_request(url, body, token))
                    await writer.drain()
                    status, answer = await _answer(reader)
                    seen[_said(status, answer)] += 1
            finally:
                writer.close()
        seen["closed"] += 1
        await asyncio.sleep(PAUSE_SECONDS)


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next(int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length"))
    return int(lines[0].split()[1]), await reader.readexactly(length)


def _said(status: int, answer: bytes) -> str:
    try:
        errors = json.loads(answer).get("errors", [])
    except ValueError:
        return str(status)
    codes = {error["extensions"]["code"] for error in errors}
    return " ".join([str(status), *sorted(codes)])


async def slow_body(url: str, token: str, seen: Seen) -> None:
    """A request that says it is long, and comes a byte at a time."""
    head = http_request(url, b" " * 1_000, token)[:-1_000]

    async def dawdle(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(b" ")
            await asyncio.sleep(0.5)

    await _hold(url, seen, dawdle)


async def half_open(url: str, token: str, seen: Seen) -> None:
    """Half of a request's head, and then nothing."""
    half = http_request(url, b"", token)[:40]

    async def begin(writer: asyncio.StreamWriter) -> None:
        writer.write(half)
        await asyncio.Event().wait()

    await _hold(url, seen, begin)


async def idle(url: str, _: str, seen: Seen) -> None:
    """A connection, and then nothing."""

    async def wait(_: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    await _hold(url, seen, wait)


async def _hold(url: str, seen: Seen, hold: Callable[[asyncio.StreamWriter], Coroutine[None, None, None]]) -> None:
    """Hold a connection open as long as the server lets us; then another."""
    address = urlsplit(url)
    while True:
        with suppress(OSError):
            async with _opening:
                reader, writer = await asyncio.open_connection(address.hostname, address.port)
            seen["opened"] += 1
            holding = asyncio.create_task(hold(writer))
            try:
                await reader.read()
            finally:
                holding.cancel()
                writer.close()
        seen["closed"] += 1
        await asyncio.sleep(PAUSE_SECONDS)


async def subscribe(url: str, token: str, seen: Seen) -> None:
    """Socket after socket, full of subscriptions."""
    headers = {"authorization": f"Bearer {token}"}
    subscription = "subscription { ordersChanged { version } }"
    while True:
        with suppress(OSError, WebSocketException):
            async with connect(
                url.replace("http:", "ws:"),
                subprotocols=[Subprotocol("graphql-transport-ws")],
                additional_headers=headers,
                proxy=None,
            ) as socket:
                await socket.send('{"type": "connection_init"}')
                for number in range(200):
                    payload = {"query": subscription}
                    await socket.send(json.dumps({"type": "subscribe", "id": str(number), "payload": payload}))
                async for message in socket:
                    seen[json.loads(message)["type"]] += 1
        seen["closed"] += 1
        await asyncio.sleep(PAUSE_SECONDS)


_opening: Final = asyncio.Semaphore(OPENED_AT_ONCE)

Attack = Callable[[str, str, Seen], Coroutine[None, None, None]]
CONNECTIONS: Final[dict[str, tuple[Attack, int]]] = {
    "slow bodies": (slow_body, 1_000),
    "half-open connections": (half_open, 1_000),
    "10,000 idle connections": (idle, 10_000),
    "subscriptions": (subscribe, 20),
}
BODIES: Final[dict[str, bytes]] = {
    "30 MB bodies": json.dumps({"query": "{ categories { name } } #" + "x" * 30_000_000}).encode(),
    "batches": json.dumps([{"query": "{ categories { name } }"}] * 1_000).encode(),
}
NAMES: Final = (*DOCUMENTS, *BODIES, *CONNECTIONS)


async def attack(name: str, url: str, token: str, seconds: float) -> Seen:
    """For so long; how often which answer came."""
    seen: Seen = Counter()
    numbers = count()
    if name in CONNECTIONS:
        clients, many = CONNECTIONS[name]
        attacks = [clients(url, token, seen) for _ in range(many)]
    else:
        bodies = (
            json.dumps({"query": DOCUMENTS[name](n)}).encode() if name in DOCUMENTS else BODIES[name] for n in numbers
        )
        attacks = [send_documents(url, token, seen, bodies) for _ in range(PERSISTENT)]
    tasks = [asyncio.create_task(one) for one in attacks]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return seen


def main() -> None:
    """As told by the arguments."""
    name, url, seconds = sys.argv[1:]
    os.nice(19)  # who is honest and shares our core is not the one to suffer from that
    print(json.dumps(uvloop.run(attack(name, url, sys.stdin.readline().strip(), float(seconds)))))


if __name__ == "__main__":
    main()
