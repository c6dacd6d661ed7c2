"""What the processes of a soak hold, sampled all along: memory and file descriptors, as a table; is that flat?

Our processes must be flat: what they hold must not depend on how many orders, commands and subscribers there ever were.
The databases grow with the data, and Redis with what the streams keep for an hour: that is shown, and not judged.
"""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

PARTS: Final = ("api", "relay", "projector", "worker", "expiry")
DATABASES: Final = ("mongod", "redis")
FLAT_MB: Final = 3.0
"""What a process of ours may grow by in the second half, by the fitted line. In ten minutes that is less than 1 KB for
each subscriber that came, or 200 bytes for each event; and the allocator takes memory by the megabyte."""
POOLED: Final = 100
"""File descriptors that pools of connections may have opened meanwhile."""
_MB: Final = 1 << 20
_FIFTHS: Final = 5


@dataclass(frozen=True)
class Sample:
    """At a time in seconds: by process, resident bytes and open file descriptors; and of what there is so much."""

    at: float
    resident: Mapping[str, int]
    descriptors: Mapping[str, int]
    redis_bytes: int
    orders: int
    subscribers: int


def children() -> dict[str, psutil.Process]:
    """What this process has started, by the names of the parts and of the databases."""
    found = {}
    for process in psutil.Process().children():
        words = process.cmdline() or [""]
        program, part = Path(words[0]).name, words[-1].rpartition(".")[2]
        if part in PARTS:
            found[part] = process
        elif program.startswith("mongod"):
            found["mongod"] = process
        elif program.startswith(("redis", "valkey")):
            found["redis"] = process
    return found


def slope(samples: Sequence[Sample], name: str) -> float:
    """MB an hour, by a line through the second half."""
    half = samples[len(samples) // 2 :]
    line = statistics.linear_regression([s.at for s in half], [s.resident[name] for s in half])
    return line.slope * 3600 / _MB


def growth(samples: Sequence[Sample], name: str) -> float:
    """MB in the second half, by that line."""
    half = samples[len(samples) // 2 :]
    return slope(samples, name) * (half[-1].at - half[0].at) / 3600


def what_is_not_flat(samples: Sequence[Sample], before: Sample, after: Sample) -> Iterator[str]:
    """As sentences; `before` the first subscriber came and `after` the last one has left."""
    for name in PARTS:
        if (grown := growth(samples, name)) > FLAT_MB:
            yield f"{name} grew by {grown:.1f} MB in the second half"
        if after.descriptors[name] > before.descriptors[name] + POOLED:
            yield f"{name} keeps {after.descriptors[name]} file descriptors, it had {before.descriptors[name]}"


def costs(samples: Sequence[Sample]) -> dict[str, tuple[float, float]]:
    """Bytes that a database grew by for each order, in the first half and in the second."""
    first, middle, last = samples[0], samples[len(samples) // 2], samples[-1]

    def by(one: Sample, other: Sample, bytes: int) -> float:
        return bytes / max(1, other.orders - one.orders)

    return {
        "redis (used_memory)": (
            by(first, middle, middle.redis_bytes - first.redis_bytes),
            by(middle, last, last.redis_bytes - middle.redis_bytes),
        ),
        "mongod (resident)": (
            by(first, middle, middle.resident["mongod"] - first.resident["mongod"]),
            by(middle, last, last.resident["mongod"] - middle.resident["mongod"]),
        ),
    }


def table(samples: Sequence[Sample]) -> Iterator[str]:
    """Lines: of every fifth of the run the first, the median and the last value."""
    yield f"{'MB resident, first/median/last':32}" + "".join(f"{n}. fifth".rjust(20) for n in range(1, 6))
    for name in (*PARTS, *DATABASES):
        values = [sample.resident[name] / _MB for sample in samples]
        by_hour = f"{slope(samples, name):+8.1f} MB/h, {growth(samples, name):+5.1f} MB in the second half"
        yield f"{name:32}{''.join(_fifths(values, '.1f'))}  {by_hour}"
    yield f"{'redis, used_memory':32}{''.join(_fifths([s.redis_bytes / _MB for s in samples], '.1f'))}"
    yield f"{'orders':32}{''.join(_fifths([s.orders for s in samples], '.0f'))}"
    yield f"{'subscribers':32}{''.join(_fifths([s.subscribers for s in samples], '.0f'))}"
    yield "file descriptors"
    for name in (*PARTS, *DATABASES):
        yield f"{name:32}{''.join(_fifths([s.descriptors[name] for s in samples], '.0f'))}"
    for name, (first, second) in costs(samples).items():
        yield f"{name}: an order took {first:.0f} bytes in the first half, {second:.0f} in the second"


def _fifths(values: Sequence[float], form: str) -> Iterator[str]:
    for n in range(_FIFTHS):
        fifth = values[len(values) * n // _FIFTHS : len(values) * (n + 1) // _FIFTHS] or values[-1:]
        yield "/".join(f"{v:{form}}" for v in (fifth[0], statistics.median(fifth), fifth[-1])).rjust(20)
