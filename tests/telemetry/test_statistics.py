"""What a process tells of itself every second."""

import asyncio
import json
from typing import Any

import pytest

from telemetry import statistics
from telemetry.distribution import Distribution
from telemetry.metrics import Metric, counter, gauge, histogram
from telemetry.statistics import Rates, telling
from tests.telemetry.patience import eventually


def by(name: str, label: str, **counted: float) -> Metric:
    return Metric("counter", name, "", (label,), [((value,), number) for value, number in counted.items()])


def test_of_a_counter_its_growth_a_second_is_told_once_it_is_known() -> None:
    rates = Rates()
    assert rates.of([counter("a_total", "", 10)], 1) == {}
    assert rates.of([counter("a_total", "", 16)], 2) == {"a_total": 3.0}
    assert rates.of([counter("a_total", "", 0)], 1) == {"a_total": 0.0}  # a new one in its place


def test_a_gauge_is_told_as_it_is() -> None:
    assert Rates().of([gauge("level", "", 7)], 1) == {"level": 7.0}


def test_of_a_distribution_the_mean_of_what_came_since_is_told() -> None:
    rates, its = Rates(), Distribution()
    its.add(100.0)
    assert rates.of([histogram("took", "", its)], 1) == {}
    its.add(1.0)
    its.add(3.0)
    assert rates.of([histogram("took", "", its)], 4) == {"took_count": 0.5, "took_mean": 2.0}
    assert rates.of([histogram("took", "", its)], 1) == {"took_count": 0.0}


def test_partitions_are_told_apart_and_other_labels_added_up() -> None:
    rates = Rates()
    rates.of([by("a_total", "partition", **{"0": 1, "1": 1}), by("b_total", "outcome", ok=1, bad=1)], 1)
    told = rates.of([by("a_total", "partition", **{"0": 2, "1": 4}), by("b_total", "outcome", ok=3, bad=2)], 1)
    assert told == {"a_total": {"0": 1.0, "1": 3.0}, "b_total": 3.0}


async def test_what_fails_is_left_out_and_told_a_second_later(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(statistics, "SECONDS", 0.001)
    told: list[Any] = []
    is_down = True

    async def healthy() -> list[Metric]:
        return [gauge("level", "", 1)]

    async def failing() -> list[Metric]:
        raise ConnectionError("the store is down")

    async def tell(text: str) -> None:
        nonlocal is_down
        if is_down:
            is_down = False
            raise ConnectionError("nobody is there")
        told.append(json.loads(text))

    async def is_heard() -> bool:
        return len(told) > 1

    async with telling({"id": "x"}, [failing, healthy], tell):
        await eventually(is_heard)
    assert told[0] == {"id": "x", "numbers": {"level": 1.0}}
    assert caplog.text.count("nobody is there") == 1
    before = len(told)
    await asyncio.sleep(0.01)
    assert len(told) == before
