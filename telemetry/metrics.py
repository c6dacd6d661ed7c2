"""The numbers of a process: its mechanisms count, and what they have counted is looked at when somebody asks."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import chain
from typing import Final, Literal, NamedTuple

from telemetry.distribution import Distribution

Value = float | Distribution
Row = tuple[tuple[str, ...], Value]
"""Values of the labels, and what was counted for them."""

PATIENCE_SECONDS: Final = 3.0
"""How long a source may take; then its metrics are missing this time."""

_log = logging.getLogger(__name__)


class Metric(NamedTuple):
    """Numbers under one name, with units in it; a counter's ends in `_total`, and a Distribution's in no `_bucket`."""

    kind: Literal["counter", "gauge", "histogram"]
    name: str
    meaning: str
    labels: tuple[str, ...]
    rows: Sequence[Row]


Source = Callable[[], Awaitable[Iterable[Metric]]]


class Exported:
    """The sources of this process, asked in the event loop in which they were added: no lock is needed there."""

    def __init__(self) -> None:
        self._sources: list[Source] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, source: Source) -> None:
        """Ask it too, from now on."""
        self._loop = asyncio.get_running_loop()
        self._sources.append(source)

    def collect(self) -> list[Metric]:
        """What all of them say, for a thread that is not the event loop's; none where that is over or hangs."""
        if self._loop is None or self._loop.is_closed():
            return []
        asked = asyncio.run_coroutine_threadsafe(self._ask(), self._loop)
        try:
            return asked.result(2 * PATIENCE_SECONDS)
        except TimeoutError:
            asked.cancel()
            return []

    async def _ask(self) -> list[Metric]:
        return list(chain.from_iterable(await asyncio.gather(*map(_metrics_of, self._sources))))


async def _metrics_of(source: Source) -> Iterable[Metric]:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return list(await source())
    except Exception as error:  # a store is down, say: the other sources are all the more wanted
        _log.warning("metrics are missing: %r", error)
        return ()


_exported: Exported | None = None


def start() -> Exported:
    """Metrics are on from now on; whoever shows them asks what this gives."""
    global _exported
    _exported = Exported()
    return _exported


def are_on() -> bool:
    """Whether anybody looks: what only they want need not be counted otherwise."""
    return _exported is not None


def export(source: Source) -> None:
    """Show what the source says, where metrics are on. To be called in the event loop."""
    if _exported:
        _exported.add(source)


def gauge(name: str, meaning: str, value: float) -> Metric:
    """A number that goes up and down."""
    return Metric("gauge", name, meaning, (), [((), value)])


def counter(name: str, meaning: str, value: float) -> Metric:
    """A number that only grows."""
    return Metric("counter", name, meaning, (), [((), value)])


def histogram(name: str, meaning: str, value: Distribution) -> Metric:
    """A distribution."""
    return Metric("histogram", name, meaning, (), [((), value)])
