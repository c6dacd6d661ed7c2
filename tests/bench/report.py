"""What was measured, told: a table on the terminal, JSON for programs, a page with charts for readers."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tests.bench.cases import CASES, OURS, Case
from tests.bench.further import figure, further, range_of
from tests.bench.measured import Report
from tests.bench.rounds import Result

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


def rows_of(case: str, results: Sequence[Result]) -> list[tuple[str, ...]]:
    """The rows of a case's table, the fastest server last."""
    its = sorted((result for result in results if result.case == case), key=lambda result: result.rate)
    ours = next((result.rate.median for result in its if result.server == OURS.name), 0.0)
    return [
        (
            result.server,
            figure(result.rate.median),
            range_of(result.rate),
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
    for one in further(report):
        table = Table(*one.columns, title=one.heading, caption=one.note)
        for row in one.rows:
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
    for one in further(report):
        yield f"\n## {one.heading}\n"
        if one.note:
            yield f"{one.note}\n"
        yield from _table(one.columns, one.rows)
    yield ""


def _measured(report: Report) -> list[Case]:
    names = {result.case for result in report.results}
    return [case for case in CASES if case.name in names]


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
