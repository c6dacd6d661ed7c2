"""The page and the figures beside it have everything that was measured."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

from rich.console import Console

from tests.bench.cases import CASES, IDIOMATIC, OURS
from tests.bench.fanout import Delivery
from tests.bench.growth import Grown
from tests.bench.measured import Report
from tests.bench.pages import Opened
from tests.bench.projection import Rebuilt
from tests.bench.report import show, write
from tests.bench.rounds import Result, Spread


def a_result(case: str, p50: float) -> Result:
    spread = Spread(p50, p50 / 2, p50 * 2)
    return Result(case, OURS.name, Spread(900.0, 800.0, 1_000.0), spread, spread, {"server": 70.0}, 10, 0)


def written(report: Report, docs: Path) -> str:
    write(report, docs)
    return (docs / "benchmarks.md").read_text()


def test_growth_is_told_with_how_many_times_slower_a_read_is_among_the_most_orders(tmp_path: Path) -> None:
    sizes = {10_000: 1.0, 1_000_000: 1.15}
    report = Report(growth=[Grown(n, a_result("growth", p50), {"together": 1_281.0}) for n, p50 in sizes.items()])
    page = written(report, tmp_path)
    assert "| 1,000,000 | 1.15 | 0.575 to 2.3 | 900 | 800 to 1,000 | 0 | 1,280 |" in page
    assert "With 1,000,000 orders the p50 is 1.15 times that with 10,000." in page
    [_, largest] = json.loads((tmp_path / "benchmarks" / "results.json").read_text())["growth"]
    assert (largest["orders"], largest["result"]["p50"]["median"], largest["memory"]["together"]) == (1e6, 1.15, 1281)


def test_a_page_is_told_with_its_budget(tmp_path: Path) -> None:
    page = written(Report(opened=[Opened("shop", 70_123, 80_000, Spread(120.4, 99.0, 200.0))]), tmp_path)
    assert "| shop | 70,123 | 80,000 | 120 | 99 to 200 |" in page


def test_a_delivery_is_compared_with_ours_to_the_same_audience(tmp_path: Path) -> None:
    rates = {(OURS, "all"): 80.0, (IDIOMATIC, "all"): 10.0, (OURS, "one"): 60.0, (IDIOMATIC, "one"): 20.0}
    report = Report(
        deliveries=[
            Delivery(server.name, hears, 1_000, Spread(rate, rate, rate), 4.0)
            for (server, hears), rate in rates.items()
        ]
    )
    page = written(report, tmp_path)
    assert "| strawberry on our rows | 1,000 | all | 10 | 10 to 10 | 4 | 8 times |" in page
    assert "| strawberry on our rows | 1,000 | one | 20 | 20 to 20 | 4 | 3 times |" in page


def test_a_rebuild_is_compared_with_bare_steps_of_as_many_events_only(tmp_path: Path) -> None:
    one = Rebuilt(events=1_000, rate=8_000.0, bare_events=1_000, bare=16_000.0, cpu={}, memory={})
    assert "| ratio | 0.5 |" in written(Report(rebuilt=one), tmp_path)
    more = written(Report(rebuilt=replace(one, events=4_000)), tmp_path)
    assert "| the steps of 1,000 events, applied by a bare loop, events/s | 16,000 |" in more
    assert "ratio" not in more


def test_a_case_that_needs_words_has_them() -> None:
    half, console = next(case for case in CASES if case.half_of), Console(file=StringIO(), record=True)
    show(Report(results=[a_result("half", 20.0)]), console)
    assert half.note in " ".join(console.export_text().split())


def test_a_load_at_half_the_rate_of_another_comes_after_it_on_the_same_servers() -> None:
    names = [case.name for case in CASES]
    for case in CASES:
        if case.half_of:
            assert names.index(case.half_of) < names.index(case.name)
            assert CASES[names.index(case.half_of)].servers == case.servers
