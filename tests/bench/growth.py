"""Growth: one order by id, where there are ten thousand orders, a hundred thousand and a million."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from redis.asyncio import Redis

from tests.bench.cases import BY_ID, OURS
from tests.bench.memory import bytes_an_order
from tests.bench.rounds import Result, Round, summarise
from tests.bench.shop import Orders
from tests.bench.stage import Say, Stage, stage

SIZES: Final = (10_000, 100_000, 1_000_000)
ASKED_FOR: Final = 20_000
"""Requests of the pool, each for any of the orders: with fewer, the same few rows would be warm at every size."""
_WARM_UP_SECONDS: Final = 2.0
_REWRITTEN_SECONDS: Final = 300.0
_CASE: Final = replace(BY_ID, name="growth", servers=(OURS,))


@dataclass(frozen=True)
class Grown:
    """So many orders: how fast one of them is read, and the bytes of Redis that one takes."""

    orders: int
    result: Result
    memory: Mapping[str, float]


async def measure(
    directory: Path, rounds: int, seconds: float, say: Say, *, sizes: Sequence[int] = SIZES
) -> list[Grown]:
    """For each size a system of its own, all running at once: so their rounds are interleaved, A B C A B C."""
    async with AsyncExitStack() as running:
        stages: dict[int, Stage] = {}
        for size in sizes:
            say(f"Growth: a shop of {size:,} orders")
            its = directory / f"growth-{size}"
            its.mkdir()
            stages[size] = await running.enter_async_context(stage(its, Orders(size), [OURS], say))
        for staged in stages.values():
            await _at_rest(staged)
        memory = {size: bytes_an_order(staged.environment["REDIS_URL"]) for size, staged in stages.items()}
        pools = {size: _CASE.pool(staged.shop, ASKED_FOR) for size, staged in stages.items()}
        for size, staged in stages.items():
            await staged.play(_CASE, OURS, pools[size], _WARM_UP_SECONDS)
        rounds_of: dict[int, list[Round]] = {size: [] for size in sizes}
        for number in range(rounds):
            say(f"growth: round {number + 1} of {rounds}")
            for size, staged in stages.items():
                rounds_of[size].append(await staged.play(_CASE, OURS, pools[size], seconds))
    return [Grown(size, summarise(_CASE.name, OURS.name, its), memory[size]) for size, its in rounds_of.items()]


async def _at_rest(staged: Stage) -> None:
    """Until Redis has rewritten its append-only file: after so much was written at once, it does so."""
    async with Redis.from_url(staged.environment["REDIS_URL"]) as redis, asyncio.timeout(_REWRITTEN_SECONDS):
        while True:
            if not (await redis.info("persistence"))["aof_rewrite_in_progress"]:
                return
            await asyncio.sleep(0.5)
