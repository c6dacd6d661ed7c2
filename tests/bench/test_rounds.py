"""What rounds come to: medians, percentiles, CPU a request; and how figures and tables are written."""

from tests.bench.cases import CRUD, OURS
from tests.bench.further import figure
from tests.bench.load import Outcome
from tests.bench.processes import place
from tests.bench.report import rows_of
from tests.bench.rounds import Result, Round, Spread, percentile, summarise


def a_round(good: int, *, errors: int = 0, late: int = 0, seconds: float = 2.0, cpu: float = 1.0) -> Round:
    latencies = [0.001 * (n + 1) for n in range(good)]
    example = b"200 broken" if errors else b""
    return Round(Outcome(seconds, latencies, errors, late, example), {"server": cpu})


def test_a_spread_has_the_median_the_least_and_the_most() -> None:
    assert Spread.of([5.0, 1.0, 9.0]) == Spread(5.0, 1.0, 9.0)
    assert Spread.of([1.0, 2.0]) == Spread(1.5, 1.0, 2.0)


def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed() -> None:
    values = [float(n) for n in range(1, 101)]
    assert [percentile(values, share) for share in (0.5, 0.99, 1.0)] == [50.0, 99.0, 100.0]
    assert percentile([7.0], 0.5) == 7.0
    assert percentile([], 0.5) == 0.0


def test_only_good_answers_count_but_all_use_the_cpu() -> None:
    result = summarise("order", OURS.name, [a_round(100), a_round(300, errors=60, late=40, cpu=2.0), a_round(200)])
    assert result.rate == Spread(100.0, 50.0, 150.0)
    assert (result.requests, result.errors, result.example) == (600, 60, "200 broken")
    assert result.cpu == {"server": 5_000.0}  # of 10,000, 5,000 and 5,000
    assert result.p99 == Spread(198.0, 99.0, 297.0)


def test_a_round_without_any_answer_is_a_rate_of_nothing() -> None:
    result = summarise("order", OURS.name, [a_round(0)])
    assert (result.rate.median, result.p50.median) == (0.0, 0.0)


def a_result(server: str, rate: float) -> Result:
    spread = Spread(rate, rate, rate)
    return Result("order", server, spread, spread, spread, {"server": 12.34, "redis": 0.2}, 10, 0)


def test_a_table_says_how_many_times_faster_this_system_is() -> None:
    rows = rows_of("order", [a_result(OURS.name, 1_234.0), a_result(CRUD.name, 100.0)])
    assert [(row[0], row[1], row[-1]) for row in rows] == [("CRUD", "100", "12.3 times"), ("orderstream", "1,230", "")]
    assert rows[0][5] == "server 12.3", "what used next to nothing is left out"


def test_figures_have_three_digits() -> None:
    assert [figure(value) for value in (0.12345, 5.678, 56.78, 99.96, 567.8, 12_345.6)] == [
        "0.123",
        "5.68",
        "56.8",
        "100",
        "568",
        "12,300",
    ]


def test_the_server_gets_a_core_of_its_own_where_there_are_two() -> None:
    assert place([4]) is None
    assert place([0, 1]) == (frozenset({1}), frozenset({0}))
    assert place([3, 0, 1]) == (frozenset({3}), frozenset({0, 1}))
