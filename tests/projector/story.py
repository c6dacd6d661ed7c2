"""Given / when / then for projections: events go in, and what Redis would hold comes out."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Self

from projector.batch import Batch
from projector.parking import Parked
from projector.projections.renames import Rename, carry_on
from projector.rows import Fields, OpenOrder, RowId, Rows
from projector.writes import Write, Writes
from read_model.schema.changes import Change
from read_model.schema.customers import CustomerRow
from read_model.schema.keys import Keys
from read_model.schema.orders import OrderRow
from read_model.schema.products import ProductRow
from tests.projector.events import PARTITION, entry, position
from write_model.contracts.envelope import Envelope, Tombstone
from write_model.contracts.event import Event

KEYS = Keys(PARTITION, 1)


class Story:
    """The read model after the events so far; every `step` folds its events in one go and writes through texts."""

    def __init__(self) -> None:
        self.rows: defaultdict[RowId, dict[str, str]] = defaultdict(dict)
        self.sets: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self.counts: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.numbers: defaultdict[str, set[int]] = defaultdict(set)
        self.columns: defaultdict[str, dict[int, bytes]] = defaultdict(dict)
        self.lists: defaultdict[str, list[bytes]] = defaultdict(list)
        self.notices: list[Change] = []
        self.parked: list[Parked] = []
        self._count = 0

    def step(self, events: Sequence[Envelope[Event] | Tombstone]) -> Self:
        """One step over all of the events."""
        if not events:
            return self
        batch = Batch.of([(position(self._count + i), entry(event)) for i, event in enumerate(events, 1)])
        self._count += len(events)
        read: dict[RowId, Fields] = {row: self.rows.get(row, {}) for row in batch.touches()}
        writes, parked, _ = batch.fold(Rows(KEYS, "EUR", read), {event.aggregate_id for event in self.parked})
        self._apply(writes)
        self.parked += parked
        return self

    def carry_on(self, at_once: int = 2) -> bool:
        """One step of a rename; False where nobody's is left."""
        waiting = sorted((done, customer_id) for customer_id, done in self.sets[KEYS.renames()].items())
        if not waiting:
            return False
        done, customer_id = int(waiting[0][0]), waiting[0][1]
        orders = sorted(self.sets[KEYS.orders(customer_id=customer_id)])[done : done + at_once]
        rename, writes = Rename(customer_id, done, orders, len(orders) < at_once), Writes()
        rows = Rows(KEYS, "EUR", {row: self.rows[row] for row in rename.touches()})
        writes.add(position(self._count), carry_on(rename, rows), rows)
        self._apply(writes)
        return True

    def write(self, asked: Sequence[Write]) -> None:
        """These writes, as if an event had brought them."""
        writes = Writes()
        writes.add(position(self._count), asked, Rows(KEYS, "EUR", {}))
        self._apply(writes)

    def _apply(self, writes: Writes) -> None:
        for row, value in writes.rows.items():
            self.rows[row] |= {name: text.decode() for name, text in value.encode().items()}
        for key, members in writes.members.items():
            for member, score in members.items():
                self.sets[key].pop(member, None)
                if score is not None:
                    self.sets[key][member] = score
        for counter, by in writes.counts.items():
            self.counts[counter] += by
        for key, elements in writes.lists.items():
            self.lists[key] += elements
        for key, numbers in writes.marks.items():
            self.numbers[key] |= {number for number, enters in numbers.items() if enters}
            self.numbers[key] -= {number for number, enters in numbers.items() if not enters}
        for key, values in writes.columns.items():
            self.columns[key] |= values
        self.notices += [change for _, change in writes.notices]

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

    def counted(self) -> dict[tuple[str, str], int]:
        """Every counter that is not 0, by key and field."""
        return {counter: value for counter, value in self.counts.items() if value}

    def marked(self) -> dict[str, set[int]]:
        """Every set of numbers that has some."""
        return {key: numbers for key, numbers in self.numbers.items() if numbers}

    def listed(self) -> dict[str, set[str]]:
        """Every sorted set that has members."""
        return {key: set(members) for key, members in self.sets.items() if members}


def given(*events: Envelope[Event]) -> Story:
    """The story so far, every event a step of its own; nothing of it was parked."""
    story = Story().steps(events)
    assert story.parked == []
    story.notices.clear()
    return story
