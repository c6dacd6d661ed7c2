"""Interleaved rounds, A B A B, and what they come to: medians, with the least and the most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple, Self

from tests.bench.load import Outcome


class Spread(NamedTuple):
    """A figure over all rounds."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Of one or more values."""
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True)
class Round:
    """One server under one load: what came of it, and the seconds of CPU that each process used meanwhile."""

    outcome: Outcome
    cpu: Mapping[str, float]


@dataclass(frozen=True)
class Result:
    """A server in a case. Rates in requests a second, latencies in milliseconds, CPU in microseconds a request."""

    case: str
    server: str
    rate: Spread
    p50: Spread
    p99: Spread
    cpu: Mapping[str, float]
    requests: int
    errors: int
    example: str = ""


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that is not exceeded by that share of them (nearest rank); 0 for none."""
    if not values:
        return 0.0
    rank = -int(-share * len(values) // 1)
    return sorted(values)[max(rank, 1) - 1]


def summarise(case: str, server: str, rounds: Sequence[Round]) -> Result:
    """What the rounds of a server come to. Only good answers count, but CPU is shared out over all."""
    outcomes = [one.outcome for one in rounds]
    answered = [len(outcome.latencies) + outcome.late + outcome.errors or 1 for outcome in outcomes]
    names = {name: None for one in rounds for name in one.cpu}
    return Result(
        case=case,
        server=server,
        rate=Spread.of([len(outcome.latencies) / outcome.seconds for outcome in outcomes]),
        p50=Spread.of([1e3 * percentile(outcome.latencies, 0.5) for outcome in outcomes]),
        p99=Spread.of([1e3 * percentile(outcome.latencies, 0.99) for outcome in outcomes]),
        cpu={
            name: median(1e6 * one.cpu.get(name, 0.0) / n for one, n in zip(rounds, answered, strict=True))
            for name in names
        },
        requests=sum(len(outcome.latencies) for outcome in outcomes),
        errors=sum(outcome.errors for outcome in outcomes),
        example=next((outcome.example.decode(errors="replace") for outcome in outcomes if outcome.example), ""),
    )
