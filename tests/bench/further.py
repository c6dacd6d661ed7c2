"""The tables of what is no case: fan-out, hostile clients, limits, memory, growth, pages, projection."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tests.bench.cases import OURS
from tests.bench.fanout import NOTE, Delivery
from tests.bench.growth import ASKED_FOR, Grown
from tests.bench.hostile import NOTE as HOSTILE_NOTE
from tests.bench.hostile import Beside
from tests.bench.measured import Report
from tests.bench.pages import NOTE as PAGES_NOTE
from tests.bench.pages import Opened
from tests.bench.projection import Rebuilt
from tests.bench.rounds import Spread
from tests.bench.shop import LINES


def figure(value: float) -> str:
    """With three digits that mean something: 0.123, 12.3, 1,230."""
    return f"{value:.3g}" if value < 100 else f"{float(f'{value:.3g}'):,.0f}"


def range_of(spread: Spread) -> str:
    """From the least to the most."""
    return f"{figure(spread.least)} to {figure(spread.most)}"


class Further(NamedTuple):
    """A table of what is no case."""

    heading: str
    note: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def further(report: Report) -> Iterator[Further]:
    """Those of what was measured."""
    if report.deliveries:
        columns = ("server", "subscribers", "of", "messages/s", "least to most", "CPU µs a message", "ours is")
        yield Further("Fan-out", NOTE, columns, _rows_of_deliveries(report.deliveries))
    if report.beside:
        columns = (
            "hostile clients",
            "p99 ms alone",
            "p99 ms beside",
            "least to most",
            "times",
            "errors",
            "they were told",
        )
        yield Further("An honest client beside hostile ones", HOSTILE_NOTE, columns, _rows_of_beside(report.beside))
    if report.limits:
        rates = [(name, figure(rate)) for name, rate in report.limits.items()]
        yield Further("Limits of the databases", "", ("what", "a second"), rates)
    if report.memory:
        sizes = [(name, figure(size)) for name, size in report.memory.items()]
        yield Further(f"Memory of an order with {LINES} lines, in Redis", "", ("what", "bytes"), sizes)
    if report.growth:
        columns = (
            "orders",
            "p50 ms",
            "least to most",
            "requests/s",
            "least to most",
            "errors",
            "bytes of Redis an order",
        )
        yield Further("Growth: one order by id, of ever more", _about(report.growth), columns, _rows_of(report.growth))
    if report.opened:
        heads = ("page", "bytes at first", "budget", "first paint ms", "least to most")
        yield Further("Pages for browsers", PAGES_NOTE, heads, _rows_of_opened(report.opened))
    if rebuilt := report.rebuilt:
        yield Further(f"Projection of {rebuilt.events:,} events", "", ("what", ""), _rows_of_rebuilt(rebuilt))


def _rows_of_deliveries(deliveries: Sequence[Delivery]) -> list[tuple[str, ...]]:
    ours = {(one.subscribers, one.hears): one.rate.median for one in deliveries if one.server == OURS.name}
    return [
        (
            one.server,
            f"{one.subscribers:,}",
            one.hears,
            figure(one.rate.median),
            range_of(one.rate),
            figure(one.cpu),
            "" if one.server == OURS.name else f"{figure(ours[one.subscribers, one.hears] / one.rate.median)} times",
        )
        for one in deliveries
    ]


def _rows_of_beside(beside: Sequence[Beside]) -> list[tuple[str, ...]]:
    return [
        (
            one.attack,
            figure(one.alone.median),
            figure(one.beside.median),
            range_of(one.beside),
            figure(one.beside.median / one.alone.median),
            str(one.errors),
            ", ".join(f"{answer}: {number:,}" for answer, number in one.told.items()),
        )
        for one in beside
    ]


def _rows_of_opened(opened: Sequence[Opened]) -> list[tuple[str, ...]]:
    return [
        (
            *(one.page, f"{one.bytes:,}", f"{one.budget:,}"),
            *(figure(one.first_paint.median), range_of(one.first_paint)),
        )
        for one in opened
    ]


def _about(growth: Sequence[Grown]) -> str:
    fewest, most = growth[0], growth[-1]
    ratio = most.result.p50.median / fewest.result.p50.median
    return (
        f"A system of its own for each number of orders, in interleaved rounds with 16 connections; the {ASKED_FOR:,} "
        f"requests ask for any of them. With {most.orders:,} orders the p50 is {figure(ratio)} times that with "
        f"{fewest.orders:,}. The bytes are those of an order's row and its places in lists."
    )


def _rows_of(growth: Sequence[Grown]) -> list[tuple[str, ...]]:
    return [
        (
            f"{grown.orders:,}",
            *(figure(grown.result.p50.median), range_of(grown.result.p50)),
            *(figure(grown.result.rate.median), range_of(grown.result.rate)),
            str(grown.result.errors),
            figure(grown.memory["together"]),
        )
        for grown in growth
    ]


def _rows_of_rebuilt(rebuilt: Rebuilt) -> list[tuple[str, ...]]:
    return [
        ("`orderstream rebuild`, events/s", figure(rebuilt.rate)),
        (f"the steps of {rebuilt.bare_events:,} events, applied by a bare loop, events/s", figure(rebuilt.bare)),
        # Steps into a larger read model take longer: rates are compared where both had the same to do.
        *([("ratio", figure(rebuilt.rate / rebuilt.bare))] if rebuilt.events == rebuilt.bare_events else []),
        *((f"{name}: CPU µs an event", figure(cpu)) for name, cpu in rebuilt.cpu.items()),
        *((f"{name}: memory afterwards, MB", figure(size / 1e6)) for name, size in rebuilt.memory.items()),
    ]
