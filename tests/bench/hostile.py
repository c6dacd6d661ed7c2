"""An honest client beside hostile ones: how much longer it waits."""

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Final

from tests.bench.attacks import NAMES
from tests.bench.cases import BY_ID, DEFENDED
from tests.bench.load import Outcome, drive, http_request
from tests.bench.rounds import Spread, percentile
from tests.bench.stage import Say, Stage, in_fast_loop
from tests.system import customer_token, staff_token

RATE: Final = 200.0
"""Requests of the honest client a second: far below what the server could do."""
CONNECTIONS: Final = 4
MOST_FILES: Final = 12_000
HEAD_START_SECONDS: Final = 3.0
"""Of the hostile clients: how long they have been at it, when the honest one begins to be looked at."""
NOTE: Final = (
    f"One client asks for orders by id, {RATE:.0f} times a second; a latency begins when its request is due. "
    "The hostile ones send what they can, with a customer's token; rounds without and with them take turns. "
    "What they were told is counted beside it."
)
_CASE: Final = replace(BY_ID, name="hostile", servers=(DEFENDED,))


@dataclass(frozen=True)
class Beside:
    """The honest client's p99 in milliseconds, alone and beside one kind of hostile ones; what those were told."""

    attack: str
    alone: Spread
    beside: Spread
    errors: int
    told: Mapping[str, int]


async def measure(staged: Stage, rounds: int, seconds: float, say: Say) -> list[Beside]:
    """Each attack in rounds of its own: alone, beside, alone, beside."""
    staged.pin(DEFENDED)
    found = []
    for name in NAMES:
        say(f"hostile: {name}")
        alone, beside, told = [], [], dict[str, int]()
        for _ in range(rounds):
            alone.append(await _honest(staged, seconds))
            attacking = asyncio.create_task(_attack(staged, name, HEAD_START_SECONDS + seconds))
            await asyncio.sleep(HEAD_START_SECONDS)
            beside.append(await _honest(staged, seconds))
            for answer, number in (await attacking).items():
                told[answer] = told.get(answer, 0) + number
        errors = sum(outcome.errors for outcome in (*alone, *beside))
        found.append(Beside(name, _p99(alone), _p99(beside), errors, told))
    return found


def _p99(outcomes: list[Outcome]) -> Spread:
    return Spread.of([1e3 * percentile(outcome.latencies, 0.99) for outcome in outcomes])


async def _honest(staged: Stage, seconds: float) -> Outcome:
    requests = [http_request(staged.url(DEFENDED), body, staff_token()) for body in _CASE.pool(staged.shop)]
    load: Iterator[bytes] = cycle(requests)
    return await in_fast_loop(
        drive(staged.url(DEFENDED), load, _CASE.judge(DEFENDED), connections=CONNECTIONS, seconds=seconds, rate=RATE)
    )


async def _attack(staged: Stage, name: str, seconds: float) -> dict[str, int]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.attacks", name, staged.url(DEFENDED), str(seconds)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate(customer_token(staged.shop.ids["cus"][0]).encode() + b"\n")
    told: dict[str, int] = json.loads(output)
    return told
