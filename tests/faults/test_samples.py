"""The judge of a soak sees growth, and tells that of the data from a leak."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.faults.samples import DATABASES, PARTS, Sample, children, table, what_is_not_flat

MB = 1 << 20
ORDERS_PER_SAMPLE = 50
NUMBER = 120
Memory = Callable[[int], float]


def samples(*, mb: dict[str, Memory] | None = None, used: Memory = lambda n: 0.1 * n) -> list[Sample]:
    """Twenty minutes; `mb` and `used` (by Redis) give megabytes for the number of a sample."""
    memory = {name: (lambda n: 90.0) for name in (*PARTS, *DATABASES)} | (mb or {})
    return [
        Sample(
            10.0 * n,
            {name: round(memory[name](n) * MB) for name in memory},
            dict.fromkeys(memory, 40),
            round(used(n) * MB),
            ORDERS_PER_SAMPLE * n,
            200,
        )
        for n in range(NUMBER)
    ]


def judged(taken: list[Sample], after: dict[str, int] | None = None) -> list[str]:
    last = taken[-1]
    left = Sample(last.at, last.resident, {**last.descriptors, **(after or {})}, last.redis_bytes, last.orders, 0)
    return list(what_is_not_flat(taken, taken[0], left))


def test_what_warms_up_and_then_wavers_is_flat() -> None:
    assert judged(samples(mb={"api": lambda n: 70 + min(n, 50) + n % 3})) == []


@pytest.mark.parametrize("part", PARTS)
def test_a_leak_is_told(part: str) -> None:
    (told,) = judged(samples(mb={part: lambda n: 90 + 0.08 * n}))
    assert told == f"{part} grew by 4.7 MB in the second half"


def test_file_descriptors_that_stay_open_are_told() -> None:
    assert judged(samples(), {"api": 100}) == []
    (told,) = judged(samples(), {"api": 141})
    assert told == "api keeps 141 file descriptors, it had 40"


def test_data_may_grow() -> None:
    assert judged(samples(mb={"mongod": lambda n: 2.0 * n}, used=lambda n: 2.0 * n)) == []


def test_the_table_has_every_process() -> None:
    lines = [*table(samples())]
    for name in (*PARTS, *DATABASES):
        assert sum(line.startswith(f"{name}  ") for line in lines) == 2, "memory, and file descriptors"


def test_the_parts_that_were_started_are_found_by_their_names() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()", "relay"], stdin=subprocess.PIPE) as child:
        assert children()["relay"].pid == child.pid
    assert "relay" not in children()
