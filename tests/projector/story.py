"""Given / when / then for projections: events go in, and what Redis would hold comes out."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Self

from projector.batch import Batch
from projector.parking import Parked
from projector.rows import Fields, OpenOrder, RowId, Rows
from read_model.schema.changes import OrderChanged
from read_model.schema.customers import CustomerRow
from read_model.schema.keys import Keys
from read_model.schema.orders import OrderRow
from read_model.schema.products import ProductRow
from tests.projector.events import PARTITION, entry, position
from write_model.contracts.envelope import Envelope
from write_model.contracts.event import Event

KEYS = Keys(PARTITION, 1)


class Story:
    """The read model after the events so far; every `step` folds its events in one go and writes through texts."""

    def __init__(self) -> None:
        self.rows: defaultdict[RowId, dict[str, str]] = defaultdict(dict)
        self.sets: defaultdict[str, set[str]] = defaultdict(set)
        self.notices: list[OrderChanged] = []
        self.parked: list[Parked] = []
        self._count = 0

    def step(self, events: Sequence[Envelope[Event]]) -> Self:
        """One step over all of the events."""
        if not events:
            return self
        batch = Batch.of([(position(self._count + i), entry(event)) for i, event in enumerate(events, 1)])
        self._count += len(events)
        read: dict[RowId, Fields] = {row: self.rows.get(row, {}) for row in batch.touches()}
        writes, parked, _ = batch.fold(Rows(KEYS, "EUR", read), {event.aggregate_id for event in self.parked})
        for row, value in writes.rows.items():
            self.rows[row] |= {name: text.decode() for name, text in value.encode().items()}
        for key, members in writes.members.items():
            for member, score in members.items():
                self.sets[key].discard(member)
                if score is not None:
                    self.sets[key].add(member)
        self.notices += [change for _, change in writes.notices]
        self.parked += parked
        return self

    def steps(self, events: Sequence[Envelope[Event]]) -> Self:
        """One step for each of the events."""
        for event in events:
            self.step([event])
        return self

    def order(self, id: str) -> OrderRow:
        return OrderRow.decode(self.rows[OpenOrder, id])

    def customer(self, id: str) -> CustomerRow:
        return CustomerRow.decode(self.rows[CustomerRow, id])

    def product(self, id: str) -> ProductRow:
        return ProductRow.decode(self.rows[ProductRow, id])

    def listed(self) -> dict[str, set[str]]:
        """Every sorted set that has members."""
        return {key: members for key, members in self.sets.items() if members}


def given(*events: Envelope[Event]) -> Story:
    """The story so far, every event a step of its own; nothing of it was parked."""
    story = Story().steps(events)
    assert story.parked == []
    story.notices.clear()
    return story
