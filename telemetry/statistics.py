"""What a process tells of itself every second, for whoever looks now: the numbers of its metrics, counters as rates."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from telemetry.distribution import Distribution
from telemetry.metrics import PATIENCE_SECONDS, Metric, Source

SECONDS: Final = 1.0
PARTITION: Final = "partition"
"""The one label whose values are told apart; numbers with others are added up."""

Number = float | Mapping[str, float]
"""Or numbers by partition."""

_log = logging.getLogger(__name__)


class Rates:
    """Numbers as they are now, and how fast counters have grown since they were looked at last.

    Of a counter it is the growth a second; of a distribution the growth of its count (`…_count`), and the mean of what
    came since (`…_mean`), where anything did.
    """

    def __init__(self) -> None:
        self._before: dict[tuple[str, str], float] = {}

    def of(self, metrics: Iterable[Metric], seconds: float) -> dict[str, Number]:
        """The numbers, so many seconds after those before; of the first no counter tells anything."""
        numbers: dict[str, Number] = {}
        for metric in metrics:
            if metric.labels == (PARTITION,):
                numbers[metric.name] = {
                    label: value
                    for (label,), counted in metric.rows
                    if not isinstance(counted, Distribution)
                    and (value := self._value(metric, label, counted, seconds)) is not None
                }
            elif metric.kind == "histogram":
                numbers |= self._distribution(metric, seconds)
            else:
                total = sum(counted for _, counted in metric.rows if not isinstance(counted, Distribution))
                if (value := self._value(metric, "", total, seconds)) is not None:
                    numbers[metric.name] = value
        return numbers

    def _value(self, metric: Metric, label: str, value: float, seconds: float) -> float | None:
        if metric.kind == "gauge":
            return float(value)
        grown = self._grown(metric.name, label, value)
        return None if grown is None else round(grown / seconds, 3)

    def _distribution(self, metric: Metric, seconds: float) -> dict[str, Number]:
        each = [counted for _, counted in metric.rows if isinstance(counted, Distribution)]
        count = self._grown(metric.name, "count", sum(sum(its.counts) for its in each))
        total = self._grown(metric.name, "sum", sum(its.sum for its in each))
        if count is None or total is None:
            return {}
        told: dict[str, Number] = {f"{metric.name}_count": round(count / seconds, 3)}
        return {**told, f"{metric.name}_mean": round(total / count, 6)} if count else told

    def _grown(self, name: str, label: str, value: float) -> float | None:
        before = self._before.get((name, label))
        self._before[name, label] = value
        return None if before is None else max(0.0, value - before)


@asynccontextmanager
async def telling(
    about: Mapping[str, Any], sources: Sequence[Source], tell: Callable[[str], Awaitable[object]]
) -> AsyncIterator[None]:
    """Tell every second while the block runs: a JSON object of what is said `about` the process, and its `numbers`.

    Nobody depends on it: what fails is left out, or told a second later.
    """
    task = asyncio.create_task(_tell(about, sources, tell))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _tell(
    about: Mapping[str, Any], sources: Sequence[Source], tell: Callable[[str], Awaitable[object]]
) -> None:  # fmt: skip
    loop, rates = asyncio.get_running_loop(), Rates()
    at, is_heard = loop.time(), True
    while True:
        metrics = [metric for source in sources for metric in await _asked(source)]
        before, at = at, loop.time()
        numbers = rates.of(metrics, max(at - before, 0.001))
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await tell(json.dumps({**about, "numbers": numbers}, separators=(",", ":")))
            is_heard = True
        except Exception as error:
            if is_heard:
                _log.warning("statistics are not heard: %r", error)
            is_heard = False
        await asyncio.sleep(SECONDS)


async def _asked(source: Source) -> Iterable[Metric]:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await source()
    except Exception:  # a store is down, say
        return ()
