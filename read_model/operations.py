"""The query for how the system is doing: what every process tells of itself, and where every partition stands."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pydantic_core import from_json

from read_model.connection import Reader
from read_model.multiplexed import Command
from read_model.projection import Lag, lag_asked, lag_told
from read_model.schema.generations import STATE, Making, made
from read_model.schema.keys import Keys, owner_key
from write_model.contracts.processes import HEAR, PROCESSES_KEY
from write_model.contracts.streams import BEGINNING, Position, events_key, projected_key, rebuild_key

FRESH_SECONDS: Final = 1.0
"""So long one look is good for everybody."""

Numbers = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Process:
    """A process that is alive, and what it told of its last second.

    `numbers` are those of its metrics (telemetry.statistics), by name; a mapping where they are told by partition.
    """

    id: str
    part: str
    host: str
    pid: int
    started_at: str
    numbers: Numbers
    partitions: tuple[int, ...] = ()
    """Those that it projects."""

    def number(self, name: str) -> float | None:
        """The number of that name, all partitions together; None where this process has none."""
        value = self.numbers.get(name)
        return float(sum(value.values())) if isinstance(value, Mapping) else None if value is None else float(value)

    @property
    def leads(self) -> bool | None:
        """Whether it is the one that works; None where all of its kind do."""
        for name in ("orderstream_relay_leader", "orderstream_worker_leader"):
            if name in self.numbers:
                return bool(self.numbers[name])
        return None


@dataclass(frozen=True, slots=True)
class Partition:
    """Where a partition stands: its stream, what is shown of it, and the generation in the making, if there is one."""

    number: int
    published: Position
    stream_length: int
    lag: Lag
    generation: int
    is_complete: bool
    making: Making | None
    owner: str | None
    """The id of the process that projects it; None where nobody does."""
    events_per_second: float


@dataclass(frozen=True, slots=True)
class Operations:
    """The whole system at one moment."""

    at: datetime
    processes: tuple[Process, ...]
    partitions: tuple[Partition, ...]

    def total(self, name: str) -> float:
        """Of all processes together."""
        return round(sum((process.number(name) or 0.0 for process in self.processes), 0.0), 3)

    def most(self, name: str) -> float:
        """What any of the processes has most of: of what is one thing for all of them."""
        return max((process.number(name) or 0.0 for process in self.processes), default=0.0)

    def mean(self, name: str) -> float:
        """Of a distribution in all processes together, over what came in the last second; 0 where nothing did."""
        told = [(its.number(f"{name}_mean"), its.number(f"{name}_count")) for its in self.processes]
        counted = [(mean, count) for mean, count in told if mean is not None and count]
        total = sum(count for _, count in counted)
        return round(sum(mean * count for mean, count in counted) / total, 6) if counted else 0.0


async def operations(reader: Reader) -> Operations:
    """The system as it is now; Unavailable. One round trip."""

    def asked(keys: Keys) -> list[Command]:
        p = keys.partition
        heard: list[Command] = [("TIME",), ("EVAL_RO", HEAR, 1, PROCESSES_KEY)] if p == 0 else []
        return [
            *heard,
            *lag_asked(keys),
            ("XREVRANGE", events_key(p), "+", "-", "COUNT", 1),
            ("XLEN", events_key(p)),
            ("EVAL_RO", STATE, 2, rebuild_key(p), projected_key(p)),
            ("GET", owner_key(p)),
        ]

    replies = await reader.read(dict.fromkeys(range(reader.partitions), asked), complete=False)
    (seconds, microseconds), told = replies[0][:2]
    owners = {p: reply[-1] for p, reply in replies.items()}
    processes = {process.id: process for process in _processes(told, owners)}
    partitions = [_partition(p, reply[-6:], processes) for p, reply in sorted(replies.items())]
    at = datetime.fromtimestamp(int(seconds) + int(microseconds) / 1e6, UTC)
    return Operations(at, tuple(processes.values()), tuple(partitions))


class Pulse:
    """The system as it is, looked at once in so many seconds at most, however many ask."""

    def __init__(self, reader: Reader, seconds: float = FRESH_SECONDS) -> None:
        self._reader = reader
        self._seconds = seconds
        self._asking: asyncio.Task[Operations] | None = None
        self._at = 0.0

    async def now(self) -> Operations:
        """See `operations`; at most so old."""
        now = asyncio.get_running_loop().time()
        if self._asking is None or now - self._at >= self._seconds:
            self._asking, self._at = asyncio.create_task(operations(self._reader)), now
            self._asking.add_done_callback(_heed)
        return await asyncio.shield(self._asking)


def _heed(asking: asyncio.Task[Operations]) -> None:
    """Whoever waited for a failure may be gone."""
    if not asking.cancelled():
        asking.exception()


def _processes(told: Iterable[str], owners: Mapping[int, str | None]) -> list[Process]:
    """By what they do, the oldest first."""
    found: list[Process] = []
    for text in told:
        it = from_json(text)
        owned = tuple(partition for partition, owner in owners.items() if owner == it["id"])
        found.append(Process(**it, partitions=owned))
    return sorted(found, key=lambda process: (process.part, process.started_at, process.id))


def _partition(number: int, reply: list[Any], processes: Mapping[str, Process]) -> Partition:
    *lag, last, length, (making, expired, (generation, _, complete)), owner = reply
    by_owner = processes[owner].numbers.get("orderstream_projector_events_total", {}) if owner in processes else {}
    return Partition(
        number=number,
        published=Position.parse(last[0][0]) if last else BEGINNING,
        stream_length=length,
        lag=lag_told(lag),
        generation=int(generation or 1),
        is_complete=bool(complete),
        making=made(making, expired),
        owner=owner,
        events_per_second=by_owner.get(str(number), 0.0),
    )
