"""A batch of stream entries: decoded, the rows that it touches, and its fold into the writes of one step."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import NamedTuple

from projector.parking import Parked, behind, reason_of
from projector.projections.table import Projection, projection_of
from projector.rows import RowId, Rows
from projector.writes import Writes
from write_model.contracts import codec
from write_model.contracts.envelope import Envelope
from write_model.contracts.event import Event
from write_model.contracts.streams import Position

Entry = tuple[Position, Mapping[str, str]]


class Incoming(NamedTuple):
    """An event on its way: readable, or with the reason why not."""

    position: Position
    aggregate_id: str
    entry: Mapping[str, str]
    readable: tuple[Envelope[Event], Projection] | None
    reason: str


class Folded(NamedTuple):
    """What a batch comes to: writes, and events to park, in order. `failures` are those that are to blame."""

    writes: Writes
    parked: list[Parked]
    failures: list[Parked]


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive entries of a partition's stream. `last` is the position of the last one."""

    last: Position
    has_watermark: bool
    events: list[Incoming]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Batch":
        """The batch of one or more entries."""
        events, has_watermark = [], False
        last: Position | None = None
        for last, entry in entries:
            if codec.WATERMARK in entry:
                has_watermark = True
            else:
                events.append(_incoming(last, entry))
        if last is None:
            raise ValueError("a batch has entries")
        return cls(last, has_watermark, events)

    def touches(self) -> list[RowId]:
        """Every row that the fold may look at, once each."""
        rows: dict[RowId, None] = {}
        for event in self.events:
            if event.readable:
                envelope, projection = event.readable
                rows.update(dict.fromkeys(projection.touches(envelope)))
        return list(rows)

    def aggregate_ids(self) -> list[str]:
        """The aggregates whose events these are, once each."""
        return list(dict.fromkeys(event.aggregate_id for event in self.events))

    def fold(self, rows: Rows, parked_aggregates: Set[str]) -> Folded:
        """Project event by event, each over the rows that those before it left. Pure, `rows` aside.

        An event that fails leaves nothing behind, and takes the later events of its aggregate with it.
        """
        folded = Folded(Writes(), [], [])
        stopped = set(parked_aggregates)
        for position, aggregate_id, entry, readable, reason in self.events:
            if aggregate_id in stopped:
                folded.parked.append(Parked(position, aggregate_id, behind(aggregate_id), entry))
                continue
            if readable:
                envelope, projection = readable
                try:
                    folded.writes.add(position, projection.project(envelope, rows), rows)
                    continue
                except Exception as error:  # whatever it is, it must not hold up the partition
                    reason = reason_of(error)
            failure = Parked(position, aggregate_id, reason, entry)
            folded.parked.append(failure)
            folded.failures.append(failure)
            if aggregate_id:
                stopped.add(aggregate_id)
        return folded


def _incoming(position: Position, entry: Mapping[str, str]) -> Incoming:
    aggregate_id = entry.get("aggregate", "")
    try:
        envelope = codec.decode(entry)
        readable = (envelope, projection_of(envelope.event))
    except Exception as error:  # an upcaster may fail in any way
        return Incoming(position, aggregate_id, entry, None, reason_of(error))
    return Incoming(position, aggregate_id, entry, readable, "")
