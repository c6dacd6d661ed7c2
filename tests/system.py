"""The whole system for tests: API, relay, projector, worker as processes of their own, and clients that speak to it."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Self

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from api.auth import issue_token
from stack import embedded
from stack.child import Child
from tests.ports import free_port

SECRET = "a secret for tests, of at least 32 characters"
READY_SECONDS = 60.0
ANSWER_SECONDS = 20.0
STOP_SECONDS = 20.0

PLACE_ORDER = """
mutation Place($input: PlaceOrderInput!, $key: ID) {
  placeOrder(input: $input, idempotencyKey: $key) {
    receipt { id version consistencyToken projected replayed }
    userErrors { code message field }
  }
}
"""
ADDRESS = {
    "recipient": "Ada Lovelace",
    "street": "12 St James's Square",
    "city": "London",
    "postalCode": "SW1Y 4JH",
    "countryCode": "GB",
}

_numbers = count(1)


def staff_token() -> str:
    return issue_token(SECRET, "staff", None, 3600)


def customer_token(customer_id: str) -> str:
    return issue_token(SECRET, "customer", customer_id, 3600)


@dataclass
class System:
    """Where the API is. Several clients may use it at once; what they make is told apart by unique names."""

    url: str
    environment: Mapping[str, str]
    log: Path
    processes: Mapping[str, Child] = field(default_factory=dict)

    def client(self, token: str | None, *, prefer: str | None = None) -> "Client":
        """Someone who sends this token, or none, and what they prefer."""
        return Client(self, token, prefer)

    @property
    def staff(self) -> "Client":
        return self.client(staff_token())

    def unique(self, what: str) -> str:
        """A name that nothing has yet."""
        return f"{what}-{next(_numbers)}"


class Client:
    """GraphQL over HTTP, over server-sent events in `events`, and over WebSocket in `socket`."""

    def __init__(self, system: System, token: str | None, prefer: str | None = None) -> None:
        self.system = system
        self.token = token
        headers = {"authorization": f"Bearer {token}"} if token else {}
        if prefer:
            headers["prefer"] = prefer
        # Many requests at once is what some tests are about. And an idle connection is given up before the server does
        # that (KEEP_ALIVE_SECONDS), maybe just when it is used again.
        limits = httpx.Limits(max_connections=None, keepalive_expiry=1.0)
        self.http = httpx.AsyncClient(base_url=system.url, headers=headers, timeout=ANSWER_SECONDS, limits=limits)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def run(self, query: str, /, **variables: Any) -> dict[str, Any]:
        """The answer to an operation, all of it but what it has cost."""
        response = await self.http.post("/graphql", json={"query": query, "variables": variables})
        answer: dict[str, Any] = response.json()
        answer.pop("extensions", None)
        return answer

    async def data(self, query: str, /, **variables: Any) -> Any:
        """The data of an answer that has no errors."""
        answer = await self.run(query, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    async def codes(self, query: str, /, **variables: Any) -> list[str]:
        """The codes of an answer's errors."""
        answer = await self.run(query, **variables)
        return [error["extensions"]["code"] for error in answer.get("errors", [])]

    async def command(self, name: str, /, **input: Any) -> dict[str, Any]:
        """The result of a command, once its effect can be read."""
        type_ = f"{name[0].upper()}{name[1:]}Input"
        query = f"""mutation($input: {type_}!) {{
            {name}(input: $input) {{
                receipt {{ id version consistencyToken projected(timeoutMs: 10000) }}
                userErrors {{ code message field }}
            }}
        }}"""
        result: dict[str, Any] = (await self.data(query, input=input))[name]
        return result

    async def receipt(self, name: str, /, **input: Any) -> dict[str, Any]:
        """The receipt of a command that was accepted, and can be read."""
        result = await self.command(name, **input)
        assert result["userErrors"] == []
        receipt: dict[str, Any] = result["receipt"]
        assert receipt["projected"] is True
        return receipt

    async def queue(self, name: str, /, *, key: str | None = None, **input: Any) -> dict[str, Any]:
        """The result of a command that is to be queued."""
        type_ = f"{name[0].upper()}{name[1:]}Input"
        query = f"""mutation($input: {type_}!, $key: ID) {{
            {name}(input: $input, idempotencyKey: $key) {{
                receipt {{ id version replayed }}
                queued {{ commandId queuedAt }}
                userErrors {{ code message field }}
            }}
        }}"""
        body = {"query": query, "variables": {"input": input, "key": key}}
        response = await self.http.post("/graphql", json=body, headers={"prefer": "respond-async"})
        answer = response.json()
        assert "errors" not in answer, answer
        result: dict[str, Any] = answer["data"][name]
        assert ("preference-applied" in response.headers) == (result["userErrors"] == [])
        return result

    async def register_customer(self) -> str:
        name = self.system.unique("customer")
        return str((await self.receipt("registerCustomer", name=name, email=f"{name}@example.com"))["id"])

    async def add_product(self, *, stock: int = 100, price: str = "19.90") -> str:
        name = self.system.unique("product")
        added = await self.receipt(
            "addProduct",
            sku=name.upper(),
            name=name,
            category="Tests",
            price={"amount": price, "currencyCode": "EUR"},
            initialStock=stock,
        )
        return str(added["id"])

    async def place_order(self, customer_id: str, product_id: str, quantity: int = 1) -> dict[str, Any]:
        return await self.receipt(
            "placeOrder",
            customerId=customer_id,
            lines=[{"productId": product_id, "quantity": quantity}],
            shippingAddress=ADDRESS,
        )

    @asynccontextmanager
    async def socket(self, *, init: dict[str, Any] | None = None) -> AsyncIterator["Socket"]:
        """A connection that has been acknowledged; `init` is its payload instead of the token in the handshake."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token and init is None else {}
        url = self.system.url.replace("http:", "ws:") + "/graphql"
        subprotocols = [Subprotocol("graphql-transport-ws")]
        async with connect(url, subprotocols=subprotocols, additional_headers=headers, proxy=None) as connection:
            socket = Socket(connection)
            await socket.send(type="connection_init", **({"payload": init} if init is not None else {}))
            assert await socket.receive() == {"type": "connection_ack"}
            yield socket

    async def events(self, query: str, /, **variables: Any) -> AsyncGenerator[tuple[str, Any], None]:
        """The operation as server-sent events: each one's name and its data, decoded."""
        request = {"query": query, "variables": variables}
        headers = {"accept": "text/event-stream"}
        async with self.http.stream("POST", "/graphql", json=request, headers=headers) as response:
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            name = ""
            async for line in response.aiter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field.removesuffix(":") == "data":
                    yield name, json.loads(value) if value else None


class Socket:
    """graphql-transport-ws, one message at a time."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def receive(self) -> dict[str, Any]:
        async with asyncio.timeout(ANSWER_SECONDS):
            message: dict[str, Any] = json.loads(await self.connection.recv())
            return message

    async def subscribe(self, id: str, query: str, /, **variables: Any) -> None:
        await self.send(type="subscribe", id=id, payload={"query": query, "variables": variables})

    async def nexts(self, id: str, number: int) -> list[dict[str, Any]]:
        """The data of so many messages that the operation gets next."""
        found = []
        for _ in range(number):
            message = await self.receive()
            assert (message["type"], message["id"]) == ("next", id), message
            assert "errors" not in message["payload"], message
            found.append(message["payload"]["data"])
        return found


def _end_of(log: Path) -> str:
    return log.read_text()[-2000:]


@asynccontextmanager
async def process(module: str, environment: Mapping[str, str], log: Path) -> AsyncIterator[Child]:
    """A process of ours while the block runs; it must leave with exit code 0 when told to."""
    with log.open("ab") as output:
        child = await Child.spawn(
            [sys.executable, "-m", module], environment={**os.environ, **environment}, output=output
        )
    try:
        yield child
    finally:
        running = child.exit_code is None
        exit_code = await child.stop(STOP_SECONDS)
    assert not running or exit_code == 0, f"{module} ended with {exit_code}: {_end_of(log)}"


async def wait_until_ready(url: str, child: Child, log: Path) -> None:
    """Until `/readyz` says so; AssertionError with what it says otherwise."""
    last: object = None
    async with httpx.AsyncClient(base_url=url) as client:
        try:
            async with asyncio.timeout(READY_SECONDS):
                while True:
                    assert child.exit_code is None, _end_of(log)
                    try:
                        response = await client.get("/readyz")
                        if response.status_code == 200:
                            return
                        last = response.text
                    except httpx.TransportError as error:
                        last = error
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"not ready: {last}\n{_end_of(log)}") from None


@asynccontextmanager
async def running_system(directory: Path, mongodb_url: str, database: str, **settings: str) -> AsyncIterator[System]:
    """Everything, with a Redis of its own: others may empty theirs."""
    log, port = directory / "log", free_port()
    url = f"http://127.0.0.1:{port}"
    async with AsyncExitStack() as running:
        environment = {
            "MONGODB_URL": mongodb_url,
            "MONGODB_DATABASE": database,
            "REDIS_URL": await running.enter_async_context(embedded.redis(directory / "redis")),
            "AUTH_SECRET": SECRET,
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "SHUTDOWN_NOTICE_SECONDS": "0",
            "THROTTLE_RATE": "0",  # all that the tests do comes from a client or two
            **settings,
        }
        modules = {"relay": "write_model.relay", "projector": "projector", "worker": "write_model.worker", "api": "api"}
        processes = {
            part: await running.enter_async_context(process(module, environment, log))
            for part, module in modules.items()
        }
        await wait_until_ready(url, processes["api"], log)
        yield System(url, environment, log, processes)
