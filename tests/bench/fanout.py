"""Fan-out: changes of orders that are known together, to many subscribers at once."""

import asyncio
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.bench.cases import CASES, IDIOMATIC, OURS, Server
from tests.bench.listeners import Listeners
from tests.bench.load import drive, http_request
from tests.bench.processes import cpu_seconds
from tests.bench.rounds import Spread
from tests.bench.stage import Stage
from tests.system import staff_token

SUBSCRIBERS: Final = (200, 1_000)
SERVERS: Final = (OURS, IDIOMATIC)
MESSAGES: Final = 50_000
"""That a round delivers."""
_QUERY: Final = "subscription { ordersChanged { orderId version status } }"
_PLACING: Final = next(case for case in CASES if case.name == "place64")
_PATIENCE: Final = 3.0
_ATTEMPTS: Final = 20


@dataclass(frozen=True)
class Delivery:
    """Messages a second, and microseconds of the server's CPU a message."""

    server: str
    subscribers: int
    rate: Spread
    cpu: float


async def measure(
    staged: Stage, server: Server, subscribers: int, rounds: int, *, messages: int = MESSAGES
) -> Delivery:
    """The rate at which changes of all orders reach so many sockets."""
    staged.pin(server)
    await staged.caught_up()  # or they would hear of what happened before
    listeners = Listeners()
    try:
        await listeners.open(staged.url(server), staff_token() if server.is_ours else None, _QUERY, subscribers)
        await _all_hear(staged, listeners, subscribers)
        rates, cpu = [], []
        changes = max(messages // subscribers, 1)
        for _ in range(rounds):
            listeners.forget()
            process, relay = {"server": staged.pids[server.name]}, staged.shared["relay"]
            # What is placed is heard of when all of it is: this is about telling, and placing takes longer.
            os.kill(relay, signal.SIGSTOP)
            try:
                await _place(staged, changes)
            finally:
                os.kill(relay, signal.SIGCONT)
            before = cpu_seconds(process)["server"]
            await listeners.wait_for(subscribers * changes)
            rates.append(subscribers * changes / listeners.seconds)
            cpu.append(1e6 * (cpu_seconds(process)["server"] - before) / (subscribers * changes))
        return Delivery(server.name, subscribers, Spread.of(rates), Spread.of(cpu).median)
    finally:
        listeners.close()


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


async def _place(staged: Stage, number: int) -> None:
    """So many orders, by way of this system."""
    pool: Sequence[bytes] = _PLACING.pool(staged.shop)
    url, token = staged.url(OURS), staff_token()
    requests = (http_request(url, pool[n % len(pool)], token) for n in range(number))
    outcome = await drive(url, requests, _PLACING.judge(OURS), connections=min(16, number), seconds=60)
    if outcome.errors:
        raise RuntimeError(f"an order was not placed: {outcome.example.decode(errors='replace')}")
