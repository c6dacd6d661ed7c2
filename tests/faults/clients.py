"""Careful clients: each command under an idempotency key, sent until there is an answer, to whichever API has one."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx

from api.auth import issue_token
from tests.faults.history import Attempt, History, Intent, Outcome
from tests.system import ADDRESS, SECRET

PATIENCE_SECONDS = 240.0
"""After which a command that nobody answers is a promise broken."""
REQUEST_SECONDS = 6.0
READ_BACK = 0.3
"""The share of the receipts that are read back at once, by the other API."""

_RESULT = "{ receipt { commandId id version consistencyToken } queued { commandId } userErrors { code } }"
_READS = {
    "ord": "query($id: ID!, $t: ConsistencyToken!) { found: order(id: $id, consistentWith: [$t]) { version } }",
    "prd": "query($id: ID!, $t: ConsistencyToken!) { found: product(id: $id, consistentWith: [$t]) { version } }",
    "cus": "query($id: ID!, $t: ConsistencyToken!) { found: customer(id: $id, consistentWith: [$t]) { version } }",
}


def staff_token() -> str:
    """Of somebody who signed in two hours ago: good on a machine whose clock is an hour behind, too."""
    return issue_token(SECRET, "staff", None, 24 * 3600, now=datetime.now(UTC) - timedelta(hours=2))


class Client:
    """One client, whose commands go one after another."""

    def __init__(self, name: str, urls: Sequence[str], history: History, random: Random, read_back: float) -> None:
        self.name = name
        self.history = history
        self._random = random
        self._read_back = read_back
        headers = {"authorization": f"Bearer {staff_token()}"}
        self._apis = [httpx.AsyncClient(base_url=url, headers=headers, timeout=REQUEST_SECONDS) for url in urls]
        self._api = random.randrange(len(urls))
        self._number = 0

    async def close(self) -> None:
        for http in self._apis:
            await http.aclose()

    def intend(self, name: str, /, *, queued: bool = False, **input: Any) -> Intent:
        """A command that is to be sent."""
        self._number += 1
        key = f"{self.name}-{self._number}"
        intent = Intent(self.name, name, input, key, f"{self._random.getrandbits(128) | 1:032x}", queued)
        self.history.intents.append(intent)
        return intent

    async def do(self, name: str, /, *, queued: bool = False, **input: Any) -> Intent:
        """Send a command until it is settled."""
        intent = self.intend(name, queued=queued, **input)
        await self.send([intent])
        return intent

    async def send(self, intents: Sequence[Intent], *, api: int | None = None) -> None:
        """Send the commands, as one request, until there is an answer, and read a receipt back now and then."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE_SECONDS
        while not await self._attempt(intents, self._api if api is None else api):
            if loop.time() > deadline:
                self.history.broken.append(f"nobody answers: {intents[0]}")
                return
            self._api = (self._api + 1) % len(self._apis)
            await asyncio.sleep(0.1 + 0.4 * self._random.random())
        if intents[-1].receipts and self._random.random() < self._read_back:
            await self.read_back(intents[-1], (self._api + 1) % len(self._apis) if api is None else api)

    async def read_back(self, intent: Intent, api: int) -> bool:
        """Whether the API shows the effect; that it shows an older state is a promise broken."""
        id, version = intent.receipt["id"], intent.receipt["version"]
        self.history.reads += 1
        try:
            body = {"query": _READS[id[:3]], "variables": {"id": id, "t": intent.receipt["consistencyToken"]}}
            answer = (await self._apis[api].post("/graphql", json=body)).json()
        except (httpx.HTTPError, ValueError):
            self.history.refused_reads += 1
            return False
        if "errors" in answer:
            self.history.refused_reads += 1
            codes = {error["extensions"]["code"] for error in answer["errors"]}
            if not codes <= {"UNAVAILABLE", "STALE_READ"}:
                self.history.broken.append(f"reading {id} was answered with {answer['errors']}")
            return False
        found = answer["data"]["found"]
        if found is None or found["version"] < version:
            self.history.broken.append(
                f"a token of version {version} was answered with {found} by api {api + 1}: {intent}"
            )
        return True

    async def query(self, query: str, **variables: Any) -> Any:
        """The data of an answer, as soon as there is one."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE_SECONDS
        answer: Any = None
        while loop.time() < deadline:
            self._api = (self._api + 1) % len(self._apis)
            try:
                body = {"query": query, "variables": variables}
                answer = (await self._apis[self._api].post("/graphql", json=body)).json()
            except (httpx.HTTPError, ValueError) as error:
                answer = repr(error)
            else:
                if "errors" not in answer:
                    return answer["data"]
            await asyncio.sleep(0.1)
        raise TimeoutError(f"{query} has no answer but {answer}")

    async def _attempt(self, intents: Sequence[Intent], api: int) -> bool:
        loop = asyncio.get_running_loop()
        invoked = loop.time()

        def note(intent: Intent, outcome: Outcome) -> None:
            intent.attempts.append(Attempt(invoked, loop.time(), api, outcome))

        headers = {"traceparent": f"00-{intents[0].trace}-00000000000000aa-01"}
        if intents[0].queued:
            headers["prefer"] = "respond-async"
        try:
            response = await self._apis[api].post("/graphql", json=_request(intents), headers=headers)
            answer = response.json()
        except (httpx.HTTPError, ValueError):
            for intent in intents:
                note(intent, Outcome.LOST)
            return False
        if "errors" in answer:
            codes = {error["extensions"]["code"] for error in answer["errors"]}
            if codes != {"UNAVAILABLE"}:
                self.history.broken.append(f"{intents[0].name} was answered with {answer['errors']}: {intents[0]}")
            for intent in intents:
                note(intent, Outcome.UNAVAILABLE)
            return False
        for n, intent in enumerate(intents):
            note(intent, _settle(intent, answer["data"][f"_{n}"]))
        return True


def _request(intents: Sequence[Intent]) -> dict[str, Any]:
    types = ", ".join(f"$i{n}: {i.name[0].upper()}{i.name[1:]}Input!, $k{n}: ID" for n, i in enumerate(intents))
    fields = " ".join(f"_{n}: {i.name}(input: $i{n}, idempotencyKey: $k{n}) {_RESULT}" for n, i in enumerate(intents))
    variables = {f"i{n}": i.input for n, i in enumerate(intents)} | {f"k{n}": i.key for n, i in enumerate(intents)}
    return {"query": f"mutation({types}) {{ {fields} }}", "variables": variables}


def _settle(intent: Intent, result: dict[str, Any]) -> Outcome:
    if receipt := result["receipt"]:
        intent.receipts.append(receipt)
        intent.command_id = receipt["commandId"]
        return Outcome.RECEIPT
    if queued := result["queued"]:
        intent.command_id = queued["commandId"]
        return Outcome.QUEUED
    intent.refusal = result["userErrors"][0]["code"]
    return Outcome.REFUSED


def placement(customer_id: str, lines: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """The input of placeOrder."""
    return {
        "customerId": customer_id,
        "lines": [{"productId": product_id, "quantity": quantity} for product_id, quantity in lines],
        "shippingAddress": ADDRESS,
    }


@asynccontextmanager
async def client(
    name: str, urls: Sequence[str], history: History, seed: int, *, read_back: float = READ_BACK
) -> AsyncIterator[Client]:
    opened = Client(name, urls, history, Random(f"{seed}/client/{name}"), read_back)
    try:
        yield opened
    finally:
        await opened.close()
