"""The page of capacity, computed from the figures of the last benchmark."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

RESULTS: Final = Path(__file__).parents[2] / "docs" / "benchmarks" / "results.json"
LOADS: Final = (
    ("page64", "1,000 pages of 20 orders a second", 1_000),
    ("order64", "1,000 orders by id a second", 1_000),
    ("search", "100 searches of the catalogue a second", 100),
    ("place64", "100 `placeOrder` a second, of 3 lines", 100),
)
PARTS: Final = {"server": "API", "mongodb": "MongoDB", "redis": "Redis", "relay": "relay", "projector": "projector"}
TEXT: Final = """\
# Capacity

Computed from [the last benchmark](../benchmarks.md): {machine}, {date}. Times are CPU, so they
add up: what a mixed load needs is the sum of its rows. Give everything twice that, so that batches stay small and a
peak finds room.

## Cores

| load | {parts} |
|---|{bars}|
"""
MEMORY: Final = """
A process of Python uses one core, so more cores for the API are more processes. Of relays and workers one works;
projectors share the partitions, up to one for each.

## Memory and disk

| what | size |
|---|---|
| Redis, an order of 3 lines with its places in all lists | {order} KB |
| Redis, a million such orders | {orders} GB; twice that during a rebuild of all partitions |
| Redis, streams | what comes in `STREAM_RETENTION_SECONDS`, and all that is not projected |
| Redis, feeds | what comes in `FEED_RETENTION_SECONDS` |
| MongoDB | grows for ever: the journal keeps every event |

A rebuild of {events} events took {seconds} s, {rate} a second; `orderstream rebuild --rate` makes it slower
and gentler.
"""


def page() -> str:
    """Markdown: cores for each load, sizes, and how long a rebuild takes."""
    found: dict[str, Any] = json.loads(RESULTS.read_text())
    rebuilt, grown = found["rebuilt"], found["growth"][-1]["memory"]["together"]
    conditions = found["conditions"]
    heading = TEXT.format(
        machine=conditions["machine"],
        date=conditions["date"],
        parts=" | ".join(PARTS.values()),
        bars="|".join("---" for _ in PARTS),
    )
    return (
        heading
        + "".join(_rows(found["results"]))
        + MEMORY.format(
            order=f"{grown / 1_000:.1f}",
            orders=f"{grown / 1_000:.1f}",
            events=f"{rebuilt['events']:,}",
            seconds=f"{rebuilt['events'] / rebuilt['rate']:.0f}",
            rate=f"{rebuilt['rate']:,.0f}",
        )
    )


def _rows(results: list[dict[str, Any]]) -> Iterator[str]:
    ours = {it["case"]: it["cpu"] for it in results if it["server"] == "orderstream"}
    for case, title, rate in LOADS:
        cores = (f"{ours[case].get(part, 0) * rate / 1e6:.2g}" for part in PARTS)
        yield f"| {title} | {' | '.join(cores)} |\n"
