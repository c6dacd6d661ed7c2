"""A batch of stream entries: decoded, the rows that it touches, and its fold into the writes of one step."""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import NamedTuple

from projector.incoming import Entry, Incoming
from projector.parking import Parked, behind
from projector.rows import RowId, Rows
from projector.writes import Writes
from write_model.contracts import codec
from write_model.contracts.streams import Position


class Folded(NamedTuple):
    """What a batch comes to: writes, and events to park, in order. `failures` are those that are to blame."""

    writes: Writes
    parked: list[Parked]
    failures: list[Parked]


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive entries of a partition's stream. `first` and `last` are the positions at its ends."""

    first: Position
    last: Position
    has_watermark: bool
    events: list[Incoming]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Batch":
        """The batch of one or more entries."""
        events, has_watermark = [], False
        first: Position | None = None
        last: Position | None = None
        for last, entry in entries:
            first = first or last
            if codec.WATERMARK in entry:
                has_watermark = True
            else:
                events.append(Incoming.of(last, entry))
        if first is None or last is None:
            raise ValueError("a batch has entries")
        return cls(first, last, has_watermark, events)

    def touches(self) -> list[RowId]:
        """Every row that the fold may look at, once each."""
        return list(dict.fromkeys(row for event in self.events if event.readable for row in event.readable.touches))

    def aggregate_ids(self) -> list[str]:
        """The aggregates whose events these are, once each."""
        return list(dict.fromkeys(event.aggregate_id for event in self.events))

    def fold(self, rows: Rows, parked_aggregates: Set[str], writes: Writes | None = None) -> Folded:
        """Project event by event, each over the rows that those before it left. Pure, `rows` and `writes` aside.

        An event that fails leaves nothing behind, and takes the later events of its aggregate with it. `writes` is
        what the step comes to before the batch.
        """
        folded = Folded(Writes() if writes is None else writes, [], [])
        stopped = set(parked_aggregates)
        for event in self.events:
            position, aggregate_id, entry, _, _ = event
            if aggregate_id in stopped:
                folded.parked.append(Parked(position, aggregate_id, behind(aggregate_id), entry))
            elif reason := event.fold(position, rows, folded.writes):
                failure = Parked(position, aggregate_id, reason, entry)
                folded.parked.append(failure)
                folded.failures.append(failure)
                if aggregate_id:
                    stopped.add(aggregate_id)
        return folded
