"""The law of the retry: events that were parked and are projected late leave what they would have left in time."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from projector.batch import Batch
from projector.parking import Parked
from projector.retrying import Queue, fold_requests
from projector.rows import Rows
from projector.writes import Writes
from read_model.schema.requests import Ask, Request
from tests.projector.events import entry, position
from tests.projector.story import KEYS, Story
from tests.projector.test_fold import Events, cut, histories
from write_model.contracts.envelope import Envelope
from write_model.contracts.event import Event
from write_model.contracts.products import ProductAdded

POISON = {"type": "Unknown"}


class Parking(Story):
    """A story in which some events cannot be read at first, and can be afterwards."""

    def __init__(self, poisoned: Events) -> None:
        super().__init__()
        self._poisoned = {event.event_id for event in poisoned}
        self._known: dict[str, dict[str, str]] = {}

    def take_in(self, events: Events) -> None:
        """One step, in which what is poisoned is parked, and what comes behind it."""
        entries = []
        for number, event in enumerate(events, self._count + 1):
            self._known[str(position(number))] = entry(event)
            entries.append((position(number), entry(event) | (POISON if event.event_id in self._poisoned else {})))
        self._count += len(events)
        batch = Batch.of(entries)
        read = {row: self.rows.get(row, {}) for row in batch.touches()}
        folded = batch.fold(Rows(KEYS, "EUR", read), {parked.aggregate_id for parked in self.parked})
        self._apply(folded.writes)
        self.parked += folded.parked

    def retry(self, ids: Sequence[str]) -> None:
        """One step that retries these aggregates, by a program that can read everything."""
        queues = [self._queue(id) for id in ids]
        read = {row: self.rows.get(row, {}) for queue in queues for row in queue.touches()}
        writes = Writes()
        retried = fold_requests(position(self._count), [], queues, Rows(KEYS, "EUR", read), writes)
        self._apply(writes)
        gone = {(at, id) for id, at in retried.left}
        again = {(parked.position, parked.aggregate_id): parked for parked in retried.parked}
        self.parked = [
            again.get((parked.position, parked.aggregate_id), parked)
            for parked in self.parked
            if (parked.position, parked.aggregate_id) not in gone
        ]

    def _queue(self, id: str) -> Queue:
        parked = [event for event in self.parked if event.aggregate_id == id]
        entries = [(event.position, self._known[str(event.position)]) for event in parked]
        return Queue.of("1-1", Request(Ask.RETRY, id), entries, has_more=False, discarded=None)


def heads(parked: Sequence[Parked]) -> list[str]:
    """The aggregates with parked events, those first whose first was published first."""
    return list(dict.fromkeys(event.aggregate_id for event in parked))


def is_not_the_first_of_a_product(event: Envelope[Event]) -> bool:
    """A product is numbered as it is projected, so one that is added late has another number."""
    return not isinstance(event.event, ProductAdded)


@settings(max_examples=150, deadline=None)
@given(histories(), st.data())
def test_late_or_in_time_makes_the_same(events: Events, data: st.DataObject) -> None:
    poisoned = data.draw(st.lists(st.sampled_from([*filter(is_not_the_first_of_a_product, events)]), max_size=4))
    in_time, late = Story().step(events), Parking(poisoned)
    for part in cut(events, data.draw(st.lists(st.integers(0, len(events))))):
        late.take_in(part)
    assert {event.event_id for event in poisoned} == set() or late.parked
    while late.parked:
        before = len(late.parked)
        late.retry(heads(late.parked)[: data.draw(st.integers(1, 3))])
        assert len(late.parked) < before
    for story in (in_time, late):
        while story.carry_on():
            pass
    assert late.rows == in_time.rows
    assert late.listed() == in_time.listed()
    assert late.counted() == in_time.counted()
    assert late.marked() == in_time.marked()
    assert late.columns == in_time.columns
    assert sorted(map(str, late.notices)) == sorted(map(str, in_time.notices))
