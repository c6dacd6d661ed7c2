"""What was measured, told: a table on the terminal, JSON for programs, a page with charts for readers."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.table import Table

from tests.bench.cases import CASES, OURS, Case
from tests.bench.fanout import NOTE, Delivery
from tests.bench.growth import ASKED_FOR, Grown
from tests.bench.hostile import NOTE as HOSTILE_NOTE
from tests.bench.hostile import Beside
from tests.bench.projection import Rebuilt
from tests.bench.rounds import Result, Spread
from tests.bench.shop import LINES

DOCS: Final = Path(__file__).parents[2] / "docs"
_ROWS_HEIGHT: Final = 32
_COLUMNS: Final = ("server", "requests/s", "least to most", "p50 ms", "p99 ms", "CPU µs a request", "errors", "ours is")

_INTRODUCTION: Final = """# Benchmarks

Written by `make bench`, which measures on your machine; nothing here is edited by hand. What the figures are:

- Each server answers the same requests from the same shop, sent by the same load generator: keep-alive connections,
  each of which sends the next request when it has read the answer to the last. An answer counts if its *body* is
  right. Before anything is measured, the servers' first answers to each query are compared with this system's, whole.
- Rounds are interleaved: every server once, then every server again. A figure is the median of the rounds.
- For reads, the server has a core of its own, and load generator, Redis and MongoDB share the others. Where there are
  writes nothing is pinned, because most of their work is the databases'.
- CPU is what the processes used, divided by the requests. After a load of writes this system catches up, until all of
  it can be read, before the next server's turn: the CPU for that is counted, the time is not.
- This system checks tokens, limits and positions, and masks errors, as in production. Its peers do not.
"""


@dataclass
class Report:
    """All of it. `servers`: what each is; `skipped`: why some did not take part; `limits`: rates a second;
    `memory`: bytes of Redis an order."""

    conditions: dict[str, str] = field(default_factory=dict)
    servers: dict[str, str] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    beside: list[Beside] = field(default_factory=list)
    limits: dict[str, float] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)
    growth: list[Grown] = field(default_factory=list)
    rebuilt: Rebuilt | None = None
    skipped: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> str:
        """The same for programs; named tuples are objects."""
        return json.dumps(_plain(self), indent=1, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Spread):
        return {name: _plain(figure) for name, figure in value._asdict().items()}
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value


def figure(value: float) -> str:
    """With three digits that mean something: 0.123, 12.3, 1,230."""
    return f"{value:.3g}" if value < 100 else f"{float(f'{value:.3g}'):,.0f}"


def _range(spread: Spread) -> str:
    return f"{figure(spread.least)} to {figure(spread.most)}"


def rows_of(case: str, results: Sequence[Result]) -> list[tuple[str, ...]]:
    """The rows of a case's table, the fastest server last."""
    its = sorted((result for result in results if result.case == case), key=lambda result: result.rate)
    ours = next((result.rate.median for result in its if result.server == OURS.name), 0.0)
    return [
        (
            result.server,
            figure(result.rate.median),
            _range(result.rate),
            figure(result.p50.median),
            figure(result.p99.median),
            ", ".join(f"{name} {figure(cpu)}" for name, cpu in result.cpu.items() if cpu >= 1),
            str(result.errors),
            ""
            if result.server == OURS.name or not result.rate.median
            else f"{figure(ours / result.rate.median)} times",
        )
        for result in its
    ]


def show(report: Report, console: Console) -> None:
    """On the terminal."""
    for case in _measured(report):
        table = Table(*_COLUMNS, title=case.title, caption=case.note)
        for row in rows_of(case.name, report.results):
            table.add_row(*row)
        console.print(table)
    for further in _further(report):
        table = Table(*further.columns, title=further.heading, caption=further.note)
        for row in further.rows:
            table.add_row(*row)
        console.print(table)
    for name, why in report.skipped.items():
        console.print(f"{name} was left out: {why}")
    for result in report.results:
        if result.errors:
            console.print(f"{result.case}, {result.server}: {result.errors} errors, such as {result.example[:300]}")


def write(report: Report, docs: Path) -> None:
    """benchmarks.md, and beside it benchmarks/ with the figures as JSON and a chart for each case."""
    directory = docs / "benchmarks"
    directory.mkdir(exist_ok=True)
    (directory / "results.json").write_text(report.as_json())
    for case in _measured(report):
        (directory / f"{case.name}.svg").write_bytes(_chart(case, report.results))
    (docs / "benchmarks.md").write_text("\n".join(_page(report)))


def _page(report: Report) -> Iterator[str]:
    yield _INTRODUCTION
    yield "## Conditions\n"
    yield from _table(("what", ""), report.conditions.items())
    yield "\n## Servers\n"
    yield from _table(("server", "what it is"), report.servers.items())
    for name, why in report.skipped.items():
        yield f"\n{name} was left out: {why}."
    for case in _measured(report):
        yield f"\n## {case.title}\n"
        if case.note:
            yield f"{case.note}\n"
        yield f"![requests a second](benchmarks/{case.name}.svg)\n"
        yield from _table(_COLUMNS, rows_of(case.name, report.results))
        for result in report.results:
            if result.case == case.name and result.errors:
                yield f"\n{result.server}: {result.errors} errors, such as `{result.example[:200]}`."
        yield f"\n```graphql\n{case.document}\n```"
    for further in _further(report):
        yield f"\n## {further.heading}\n"
        if further.note:
            yield f"{further.note}\n"
        yield from _table(further.columns, further.rows)
    yield ""


def _measured(report: Report) -> list[Case]:
    names = {result.case for result in report.results}
    return [case for case in CASES if case.name in names]


class _Further(NamedTuple):
    """What is no case."""

    heading: str
    note: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def _further(report: Report) -> Iterator[_Further]:
    if report.deliveries:
        columns = ("server", "subscribers", "of", "messages/s", "least to most", "CPU µs a message", "ours is")
        yield _Further("Fan-out", NOTE, columns, _rows_of_deliveries(report.deliveries))
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
        yield _Further("An honest client beside hostile ones", HOSTILE_NOTE, columns, _rows_of_beside(report.beside))
    if report.limits:
        rates = [(name, figure(rate)) for name, rate in report.limits.items()]
        yield _Further("Limits of the databases", "", ("what", "a second"), rates)
    if report.memory:
        sizes = [(name, figure(size)) for name, size in report.memory.items()]
        yield _Further(f"Memory of an order with {LINES} lines, in Redis", "", ("what", "bytes"), sizes)
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
        yield _Further("Growth: one order by id, of ever more", _about(report.growth), columns, _rows_of(report.growth))
    if rebuilt := report.rebuilt:
        yield _Further(f"Projection of {rebuilt.events:,} events", "", ("what", ""), _rows_of_rebuilt(rebuilt))


def _rows_of_deliveries(deliveries: Sequence[Delivery]) -> list[tuple[str, ...]]:
    ours = {(one.subscribers, one.hears): one.rate.median for one in deliveries if one.server == OURS.name}
    return [
        (
            one.server,
            f"{one.subscribers:,}",
            one.hears,
            figure(one.rate.median),
            _range(one.rate),
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
            _range(one.beside),
            figure(one.beside.median / one.alone.median),
            str(one.errors),
            ", ".join(f"{answer}: {number:,}" for answer, number in one.told.items()),
        )
        for one in beside
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
            *(figure(grown.result.p50.median), _range(grown.result.p50)),
            *(figure(grown.result.rate.median), _range(grown.result.rate)),
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


def _table(columns: Sequence[str], rows: Any) -> Iterator[str]:
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "---|" * len(columns)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def _chart(case: Case, results: Sequence[Result]) -> bytes:
    # Not above: pygal puts itself between every import of the process that has it, which tests of others need not bear.
    import pygal
    from pygal.style import CleanStyle

    its = sorted((result for result in results if result.case == case.name), key=lambda result: result.rate)
    chart = pygal.HorizontalBar(
        title=f"{case.title}: requests a second",
        style=CleanStyle,
        js=[],
        show_legend=False,
        print_values=True,
        value_formatter=figure,
        height=120 + _ROWS_HEIGHT * len(its),
    )
    chart.x_labels = [result.server for result in its]
    chart.add("", [{"value": result.rate.median} for result in its])
    rendered: bytes = chart.render()
    return rendered
