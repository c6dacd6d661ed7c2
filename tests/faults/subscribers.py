"""Subscribers that lose their connection and come back from where they were: what they saw, in order."""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from tests.faults.clients import staff_token
from tests.faults.history import History
from tests.system import Socket

Seen = tuple[str, int, str]
"""Order, version, status."""

_FEED = """subscription($customer: ID, $after: String!) {
  ordersChanged(customerId: $customer, after: $after) { cursor orderId version status }
}"""
_STATUS = """subscription($order: ID!, $after: Int!, $t: [ConsistencyToken!]) {
  orderStatusChanged(orderId: $order, afterVersion: $after, consistentWith: $t) { orderId version status }
}"""
_PASSING = {"UNAVAILABLE", "SLOW_CONSUMER", "STALE_READ"}


class Subscriber(ABC):
    """One WebSocket at a time, to one API after another."""

    def __init__(self, name: str, urls: Sequence[str], history: History) -> None:
        self.name = name
        self.seen: list[Seen] = []
        self.connections = 0
        self._urls = urls
        self._history = history
        self._task = asyncio.create_task(self._keep_following(), name=name)

    async def until(self, satisfied: Callable[[Sequence[Seen]], bool], seconds: float) -> bool:
        """Whether what it saw came so far in so many seconds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not satisfied(self.seen) and loop.time() < deadline:  # noqa: ASYNC110 - what others send
            await asyncio.sleep(0.1)
        return satisfied(self.seen)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _keep_following(self) -> None:
        while True:
            url = self._urls[self.connections % len(self._urls)]
            self.connections += 1
            try:
                async with _socket(url) as socket:
                    await self._follow(socket)
            except (OSError, TimeoutError, WebSocketException, ValueError, AssertionError):
                await asyncio.sleep(0.2)

    @abstractmethod
    async def _follow(self, socket: Socket) -> None:
        """Take in what the subscription says, from where this subscriber was."""

    def _codes(self, message: dict[str, Any]) -> set[str]:
        """Of the errors that the message ends its subscription with; those that no fault excuses are told."""
        payload = message.get("payload") or []
        errors = payload if isinstance(payload, list) else payload.get("errors", [])
        codes = {error["extensions"]["code"] for error in errors}
        if not codes <= _PASSING:
            self._history.broken.append(f"{self.name} was ended with {errors}")
        return codes


class FeedSubscriber(Subscriber):
    """All orders, or a customer's, from a cursor on."""

    def __init__(self, name: str, urls: Sequence[str], history: History, customer_id: str | None, cursor: str) -> None:
        self._customer_id = customer_id
        self._cursor = cursor
        super().__init__(name, urls, history)

    async def _follow(self, socket: Socket) -> None:
        while True:
            await socket.subscribe("feed", _FEED, customer=self._customer_id, after=self._cursor)
            while True:
                message = json.loads(await socket.connection.recv())
                if message["type"] != "next" or "errors" in message["payload"]:
                    break
                change = message["payload"]["data"]["ordersChanged"]
                self.seen.append((change["orderId"], change["version"], change["status"]))
                self._cursor = change["cursor"]
            if "CURSOR_EXPIRED" in self._codes(message):
                await asyncio.Event().wait()  # it was told; there is nowhere to resume from
            await asyncio.sleep(0.2)


class StatusSubscriber(Subscriber):
    """Orders one by one, each from the version that was seen last."""

    def __init__(self, name: str, urls: Sequence[str], history: History) -> None:
        self._tokens: dict[str, str] = {}
        self._versions: dict[str, int] = {}
        self._added = asyncio.Event()
        super().__init__(name, urls, history)

    @property
    def orders(self) -> list[str]:
        return list(self._versions)

    def watch(self, order_id: str, token: str) -> None:
        """Follow this order, too."""
        self._tokens[order_id] = token
        self._versions[order_id] = 0
        self._added.set()

    async def _follow(self, socket: Socket) -> None:
        adding = asyncio.create_task(self._subscribe_to_all(socket))
        try:
            while True:
                message = json.loads(await socket.connection.recv())
                if message["type"] == "next" and "errors" not in message["payload"]:
                    change = message["payload"]["data"]["orderStatusChanged"]
                    self.seen.append((change["orderId"], change["version"], change["status"]))
                    self._versions[change["orderId"]] = change["version"]
                elif message["type"] in ("next", "error", "complete"):
                    self._codes(message)
                    await asyncio.sleep(0.2)
                    if message["type"] != "next":
                        await self._subscribe(socket, message["id"])
        finally:
            adding.cancel()
            await asyncio.gather(adding, return_exceptions=True)

    async def _subscribe_to_all(self, socket: Socket) -> None:
        subscribed = 0
        while True:
            orders = self.orders
            for order_id in orders[subscribed:]:
                await self._subscribe(socket, order_id)
            subscribed = len(orders)
            self._added.clear()
            if len(self.orders) == subscribed:
                await self._added.wait()

    async def _subscribe(self, socket: Socket, order_id: str) -> None:
        await socket.subscribe(
            order_id, _STATUS, order=order_id, after=self._versions[order_id], t=[self._tokens[order_id]]
        )


@asynccontextmanager
async def _socket(url: str) -> AsyncIterator[Socket]:
    """A connection that was acknowledged, and that notices when nobody is there any more."""
    async with connect(
        url.replace("http:", "ws:") + "/graphql",
        subprotocols=[Subprotocol("graphql-transport-ws")],
        additional_headers={"authorization": f"Bearer {staff_token()}"},
        proxy=None, open_timeout=5, ping_interval=2, ping_timeout=4, close_timeout=0.5,
    ) as connection:  # fmt: skip
        socket = Socket(connection)
        await socket.send(type="connection_init")
        async with asyncio.timeout(5):
            acknowledged = json.loads(await connection.recv())
        assert acknowledged == {"type": "connection_ack"}, acknowledged
        yield socket
