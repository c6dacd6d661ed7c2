"""Subscribers that come and go: each stays a while, must see what happens meanwhile, and leaves in its own manner."""

import asyncio
import json
import socket
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from tests.faults.clients import staff_token
from tests.faults.history import RECENT, History
from tests.faults.load import Shopper
from tests.faults.visits import DOCUMENTS, KINDS, Visit
from tests.system import Socket, System

LONGEST_STAY: Final = 60.0
PATIENCE_SECONDS: Final = 60.0
"""In which a connection must be there, and in which what happened during a visit must have come."""
STALLED_SECONDS: Final = (10.0, 30.0)
"""How long a slow consumer reads nothing; the API closes a socket that leaves a ping unanswered for 20 s."""
STALLED_OPERATIONS: Final = 5
"""Of one slow consumer, each with many a line of the same, so that the kernel's buffers are full in seconds."""
STALLS: Final = 0.01
"""The share of the visits that are slow consumers."""
CUTS: Final = 0.4

_LINES: Final = "lines { name unitPrice { amount currencyCode } lineTotal { amount currencyCode } }"
_LARGE: Final = (
    f"subscription {{ ordersChanged {{ orderId order {{ {' '.join(f'_{n}: {_LINES}' for n in range(60))} }} }} }}"
)

Payload = dict[str, Any]


class Visitors:
    """So many places, each taken by one visitor after another. `broken`: promises that were seen broken."""

    def __init__(self, world: System, history: History, shoppers: Sequence[Shopper], seed: int) -> None:
        self._staff = world.client(staff_token())
        self._staff.http.timeout = httpx.Timeout(PATIENCE_SECONDS)
        self._staff.http.headers["connection"] = "close"  # a kept one may end just when the next request is sent
        self._url = world.url
        self._history = history
        self._shoppers = shoppers
        self._seed = seed
        self.visits: list[Visit] = []
        self.counts: Counter[str] = Counter()
        self.present = 0

    async def come_and_go(self, places: int, seconds: float) -> None:
        """For so long, after which nobody is there."""
        until = asyncio.get_running_loop().time() + seconds
        async with self._staff, asyncio.TaskGroup() as tasks:
            for place in range(places):
                tasks.create_task(self._one_after_another(Random(f"{self._seed}/place/{place}"), until))

    async def _one_after_another(self, random: Random, until: float) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(random.uniform(0, 10))
        while loop.time() < until:
            self.present += 1
            try:
                if random.random() < STALLS:
                    await self._stall(random.uniform(*STALLED_SECONDS))
                elif visit := await self._plan(random):
                    stay = min(random.uniform(1, LONGEST_STAY), max(1.0, until - loop.time()))
                    await self._stay(visit, stay, cut=random.random() < CUTS)
            except (OSError, TimeoutError, AssertionError, WebSocketException, httpx.HTTPError) as error:
                self._broken(f"a visitor was turned away: {error!r}")
            finally:
                self.present -= 1
            await asyncio.sleep(random.uniform(0.2, 2))

    async def _plan(self, random: Random) -> Visit | None:
        """None where there is nothing yet to subscribe to."""
        kind = random.choices(list(KINDS), list(KINDS.values()))[0]
        transport = random.choice(("WebSocket", "events"))
        variables, by = {}, ""
        match kind:
            case "status":
                variables = self._recent(random, "placeOrder", "createOrder")
            case "product":
                variables = {"id": random.choice(self._shoppers[0].shelf)}
            case "command":
                variables = self._recent_queued(random)
            case "customer" | "orders":
                position = await self._staff.data("{ projection { position } }")
                variables = {"after": position["projection"]["position"]}
        if kind == "customer":
            shopper = random.choice(self._shoppers)
            variables["id"], by = shopper.customer_id, shopper.client.name
        # Not before: what happens while the position is asked for may be below it.
        began = asyncio.get_running_loop().time()
        return Visit(kind, transport, variables, by, began) if variables else None

    def _recent(self, random: Random, *names: str) -> dict[str, str]:
        recent = [i for i in self._history.intents[-RECENT:] if i.receipts and i.name in names]
        return {"id": random.choice(recent).receipt["id"]} if recent else {}

    def _recent_queued(self, random: Random) -> dict[str, str]:
        recent = [i.command_id for i in self._history.intents[-RECENT:] if i.queued and i.command_id]
        return {"id": random.choice(recent)} if recent else {}

    async def _stay(self, visit: Visit, seconds: float, *, cut: bool) -> None:
        """See what comes for so long, and then whatever happened until then; then leave."""
        self.visits.append(visit)
        self.counts[f"visits over {visit.transport}"] += 1
        opened = self._socket(visit, cut=cut) if visit.transport == "WebSocket" else self._events(visit)
        async with opened as payloads:
            following = asyncio.create_task(self._follow(visit, payloads))
            try:
                await asyncio.wait({following}, timeout=PATIENCE_SECONDS if visit.kind == "command" else seconds)
                missing = list(self._missing(visit))
                with suppress(TimeoutError):
                    async with asyncio.timeout(PATIENCE_SECONDS):
                        while missing and not following.done():
                            await asyncio.sleep(0.05)
                            missing = [it for it in missing if not visit.has_seen(*it)]
                if missing:
                    self._broken(f"{visit} has not heard of {missing[0]} in {PATIENCE_SECONDS:.0f} s")
                if following.done():
                    following.result()
                if following.done() != (visit.kind == "command"):
                    self._broken(f"{visit} {'was ended by the API' if following.done() else 'was never told'}")
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)

    async def _follow(self, visit: Visit, payloads: AsyncIterator[Payload]) -> None:
        async for payload in payloads:
            if "errors" in payload:
                self._broken(f"{visit} got {payload['errors']}")
                return
            it = payload["data"]["it"]
            visit.seen.append((it["id"], it.get("version", 0)))
            self.counts["changes that visitors saw"] += 1

    def _missing(self, visit: Visit) -> Iterator[tuple[str, int]]:
        """What clients have receipts of since the visit began, and it has not seen yet."""
        for intent in reversed(self._history.intents):
            if intent.attempts and intent.attempts[0].invoked < visit.began:
                return
            if intent.receipts and intent.attempts and visit.must_see(intent):
                told = (intent.receipt["id"], intent.receipt["version"])
                if not visit.has_seen(*told):
                    yield told

    @asynccontextmanager
    async def _socket(self, visit: Visit, *, cut: bool) -> AsyncIterator[AsyncIterator[Payload]]:
        async with self._connected() as socket:
            await socket.subscribe("it", DOCUMENTS[visit.kind], **visit.variables)
            yield _payloads(socket)
            if cut:
                self.counts["connections that were cut"] += 1
                socket.connection.transport.abort()
            else:
                with suppress(ConnectionClosed):
                    await socket.send(type="complete", id="it")

    @asynccontextmanager
    async def _events(self, visit: Visit) -> AsyncIterator[AsyncIterator[Payload]]:
        async def payloads() -> AsyncGenerator[Payload, None]:
            async with aclosing(self._staff.events(DOCUMENTS[visit.kind], **visit.variables)) as events:
                async for name, data in events:
                    if name == "complete":
                        return
                    yield data

        async with aclosing(payloads()) as open:
            yield open

    async def _stall(self, seconds: float) -> None:
        """Ask for more than the buffers hold, read nothing, and look at last how that ended."""
        self.counts["visits of slow consumers"] += 1
        with socket.socket() as raw:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            raw.setblocking(False)
            address = urlsplit(self._url)
            await asyncio.get_running_loop().sock_connect(raw, (address.hostname, address.port))
            async with self._connected(sock=raw, max_queue=1, ping_interval=None) as speaking:
                for n in range(STALLED_OPERATIONS):
                    await speaking.subscribe(str(n), _LARGE)
                await asyncio.sleep(seconds)
                with suppress(TimeoutError, ConnectionClosed):
                    await self._see_the_end(speaking)
                speaking.connection.transport.abort()

    @asynccontextmanager
    async def _connected(self, **options: Any) -> AsyncIterator[Socket]:
        async with connect(
            self._url.replace("http:", "ws:") + "/graphql",
            subprotocols=[Subprotocol("graphql-transport-ws")],
            additional_headers={"authorization": f"Bearer {staff_token()}"},
            proxy=None, open_timeout=PATIENCE_SECONDS, **options,
        ) as connection:  # fmt: skip
            connected = Socket(connection)
            await connected.send(type="connection_init")
            async with asyncio.timeout(PATIENCE_SECONDS):
                await connection.recv()
            yield connected

    async def _see_the_end(self, speaking: Socket) -> None:
        ended = 0
        async with asyncio.timeout(PATIENCE_SECONDS):
            while ended < STALLED_OPERATIONS:
                message = json.loads(await speaking.connection.recv())
                payload = message.get("payload", {})
                for error in payload if isinstance(payload, list) else payload.get("errors", ()):
                    ended += 1
                    self.counts[f"subscriptions ended with {error['extensions']['code']}"] += 1
                    if error["extensions"]["code"] != "SLOW_CONSUMER":
                        self._broken(f"a slow consumer got {error}")

    def _broken(self, what: str) -> None:
        self._history.broken.append(what)


async def _payloads(socket: Socket) -> AsyncGenerator[Payload, None]:
    while True:
        message = json.loads(await socket.connection.recv())
        match message["type"]:
            case "next":
                yield message["payload"]
            case "error":
                yield {"errors": message["payload"]}
            case "complete":
                return
