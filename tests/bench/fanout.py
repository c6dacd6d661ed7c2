"""Fan-out: changes of orders, told to many subscribers at once."""

import asyncio
import json
import os
import re
import signal
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from typing import Any, Final, NamedTuple, Self

from tests.bench.cases import IDIOMATIC, OURS, PLACED, PLACING, Server
from tests.bench.listeners import Listeners
from tests.bench.load import drive, http_request
from tests.bench.processes import cpu_seconds
from tests.bench.rounds import Spread
from tests.bench.stage import Stage
from tests.system import staff_token


@dataclass(frozen=True)
class Audience:
    """Subscribers. `changes`: how many become known at once, each of another order.

    They hear of all orders; or each of the status of one, so the orders that change are shared out among them.
    """

    hears: str
    subscribers: int
    changes: int
    of_one: bool = False


SERVERS: Final = (OURS, IDIOMATIC)
AUDIENCES: Final = (
    Audience("all orders, 250 changes at once", 200, 250),
    Audience("all orders, 50 changes at once", 1_000, 50),
    Audience("all orders, one change at a time", 1_000, 1),
    Audience("the status of one order, one change at a time", 1_000, 1, of_one=True),
    Audience("the status of one of 100 orders each, 100 changes at once", 5_000, 100, of_one=True),
)
ONE_BY_ONE: Final = 10
"""Changes of a round, where they come one at a time."""
NOTE: Final = (
    "Orders are changed while the relay is held, then it publishes, and the seconds go from the first message that any "
    "subscriber gets to the last; where one change comes at a time, everybody hears of it before the next is made, and "
    "what lies between is not counted."
)
_ALL: Final = "subscription { ordersChanged { orderId version status } }"
# From the beginning: each hears at once that the order was placed, so it is known when everybody listens.
_STATUS: Final = """subscription Status($id: ID!) {
  orderStatusChanged(orderId: $id, afterVersion: 0) { orderId version status } }"""
_STEPS: Final[Mapping[str, Mapping[str, str]]] = {
    "confirmOrder": {},
    "shipOrder": {"carrier": "DHL", "trackingNumber": "JD1"},
    "deliverOrder": {},
}
_ID: Final = re.compile(rb'"id":\s*"(ord_\w+)"')
_PATIENCE: Final = 3.0
_ATTEMPTS: Final = 20

Change = Callable[[], Awaitable[object]]


class Heard(NamedTuple):
    """Messages, the seconds from the first of them to the last, and the server's seconds of CPU."""

    messages: int
    seconds: float
    cpu: float

    @classmethod
    def together(cls, parts: Sequence["Heard"]) -> Self:
        """One after another."""
        return cls(*map(sum, zip(*parts, strict=True)))


@dataclass(frozen=True)
class Delivery:
    """Messages a second, and microseconds of the server's CPU a message."""

    server: str
    hears: str
    subscribers: int
    rate: Spread
    cpu: float


async def measure(staged: Stage, server: Server, audience: Audience, rounds: int) -> Delivery:
    """The rate at which changes reach the audience."""
    staged.pin(server)
    heard = await (_told_of_one if audience.of_one else _told_of_all)(staged, server, audience, rounds)
    whole = Heard.together(heard)  # CPU comes in ticks of 10 ms, which is as much as some rounds take
    return Delivery(
        *(server.name, audience.hears, audience.subscribers),
        rate=Spread.of([one.messages / one.seconds for one in heard]),
        cpu=1e6 * whole.cpu / whole.messages,
    )


async def _told_of_all(staged: Stage, server: Server, audience: Audience, rounds: int) -> list[Heard]:
    """Orders are placed, and everybody hears of all of them."""
    listeners, subscribers = Listeners(), audience.subscribers
    change = partial(_place, staged, audience.changes)
    await staged.caught_up()  # or they would hear of what happened before
    try:
        await listeners.open(staged.url(server), _token(server), [{"query": _ALL}] * subscribers)
        await _all_hear(staged, listeners, subscribers)
        bursts = ONE_BY_ONE if audience.changes == 1 else 1
        return [
            Heard.together(
                [await _hear(staged, server, listeners, change, audience.changes * subscribers) for _ in range(bursts)]
            )
            for _ in range(rounds)
        ]
    finally:
        listeners.close()


async def _told_of_one(staged: Stage, server: Server, audience: Audience, rounds: int) -> list[Heard]:
    """Orders that were placed take their next steps, and everybody hears of one order. Each step is a round.

    Many subscribers are opened once, which takes longest.
    """
    heard = []
    for _ in range(rounds if audience.changes == 1 else 1):
        listeners, ids = Listeners(), await _place(staged, audience.changes)
        await staged.caught_up()  # or there would be no such order yet
        wanted = islice(cycle(ids), audience.subscribers)
        try:
            await listeners.open(
                *(staged.url(server), _token(server)), [{"query": _STATUS, "variables": {"id": id}} for id in wanted]
            )
            await listeners.wait_for(audience.subscribers)
            for name, details in _STEPS.items():
                change = partial(_command, staged, (_step(name, {"orderId": id, **details}) for id in ids))
                heard.append(await _hear(staged, server, listeners, change, audience.subscribers))
        finally:
            listeners.close()
    return heard


async def _hear(staged: Stage, server: Server, listeners: Listeners, change: Change, messages: int) -> Heard:
    """Make the change, or the changes, and wait until all of it has been heard of."""
    listeners.forget()
    process, relay = {"server": staged.pids[server.name]}, staged.shared["relay"]
    # What is changed is heard of when all of it is: this is about telling, and changing takes longer.
    os.kill(relay, signal.SIGSTOP)
    try:
        await change()
    finally:
        os.kill(relay, signal.SIGCONT)
    before = cpu_seconds(process)["server"]
    await listeners.wait_for(messages)
    return Heard(messages, listeners.seconds, cpu_seconds(process)["server"] - before)


async def _all_hear(staged: Stage, listeners: Listeners, subscribers: int) -> None:
    """Until a change has reached all: a subscription begins some time after it was sent."""
    for _ in range(_ATTEMPTS):
        listeners.forget()
        await _place(staged, 1)
        try:
            async with asyncio.timeout(_PATIENCE):
                await listeners.wait_for(subscribers)
        except TimeoutError:
            continue
        return
    raise RuntimeError(f"{listeners.received} of {subscribers} subscribers hear anything")


async def _place(staged: Stage, number: int) -> list[str]:
    """Place so many orders; their ids."""
    return await _command(staged, islice(cycle(PLACING.pool(staged.shop)), number))


def _step(name: str, input: Mapping[str, str]) -> bytes:
    kind = f"{name[0].upper()}{name[1:]}Input"
    query = f"mutation($input: {kind}!) {{ {name}(input: $input) {{ receipt {{ id }} userErrors {{ code }} }} }}"
    body: dict[str, Any] = {"query": query, "variables": {"input": input}}
    return json.dumps(body).encode()


async def _command(staged: Stage, bodies: Iterable[bytes]) -> list[str]:
    """Have them carried out, by way of this system; the ids of the orders."""
    url, token, ids = staged.url(OURS), staff_token(), list[str]()

    def is_done(body: bytes) -> bool:
        ids.extend(id.decode() for id in _ID.findall(body))
        return PLACED.search(body) is not None

    requests = [http_request(url, body, token) for body in bodies]
    outcome = await drive(url, iter(requests), is_done, connections=min(64, len(requests)), seconds=120)
    if outcome.errors:
        raise RuntimeError(f"an order was not changed: {outcome.example.decode(errors='replace')}")
    return ids


def _token(server: Server) -> str | None:
    return staff_token() if server.is_ours else None
