"""The law of the fold: how events are cut into steps, and how often they come, makes no difference."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projector.projections.table import PROJECTIONS
from projector.rows import Rows
from tests.projector.events import CUSTOMER, ORDER, PRODUCT, added, an_id, envelope, history, placed
from tests.projector.story import KEYS, Story
from tests.projector.story import given as given_events
from write_model.contracts.codec import EVENT_TYPES
from write_model.contracts.customers import CustomerDeactivated, CustomerRegistered
from write_model.contracts.envelope import Envelope
from write_model.contracts.event import Event
from write_model.contracts.orders import OrderCancelled, OrderConfirmed, OrderDelivered, OrderShipped
from write_model.contracts.products import (
    ProductDiscontinued,
    ProductPriceChanged,
    ProductRestocked,
    StockReleased,
    StockReserved,
)

Events = list[Envelope[Event]]


@st.composite
def histories(draw: st.DrawFn) -> Events:
    """Events of a few customers, products and orders, mixed, each aggregate's in order."""
    customers = [an_id("cus", n) for n in range(draw(st.integers(1, 3)))]
    registered = [envelope(id, 1, CustomerRegistered(name=f"N{id[-3:]}", email="a@example.com")) for id in customers]
    queues = [[envelope(id, 2, CustomerDeactivated())] for id in customers if draw(st.booleans())]
    for n in range(draw(st.integers(0, 5))):
        customer_id = draw(st.sampled_from(customers))
        life: list[Event] = [
            placed(total=draw(st.integers(1, 5000)), customer_id=customer_id),
            OrderConfirmed(customer_id=customer_id),
            OrderShipped(customer_id=customer_id, carrier="DHL", tracking_number=str(n)),
            OrderDelivered(customer_id=customer_id),
        ][: draw(st.integers(1, 4))]
        if len(life) < 3 and draw(st.booleans()):
            life.append(OrderCancelled(customer_id=customer_id, reason="OTHER"))
        queues.append(history(an_id("ord", n), *life))
    for n in range(draw(st.integers(0, 2))):
        quantity = draw(st.integers(1, 9))
        changes: list[Event] = [
            ProductRestocked(quantity=quantity),
            StockReserved(order_id=ORDER, quantity=quantity),
            StockReleased(order_id=ORDER, quantity=quantity),
            ProductPriceChanged(price=quantity, currency="EUR"),
            ProductDiscontinued(),
        ]
        queues.append(history(an_id("prd", n), added(name=f"P{n}"), *draw(st.permutations(changes))))
    mixed = registered
    while queues := [queue for queue in queues if queue]:
        mixed = [*mixed, draw(st.sampled_from(queues)).pop(0)]
    return mixed


def cut(events: Events, cuts: Sequence[int]) -> list[Events]:
    """The events in steps that end at the cuts."""
    return [events[start:end] for start, end in pairwise(sorted({0, len(events), *cuts}))]


@settings(max_examples=150, deadline=None)
@given(histories(), st.data())
def test_one_step_or_many_make_the_same(events: Events, data: st.DataObject) -> None:
    whole = Story().step(events)
    parts = Story()
    for part in cut(events, data.draw(st.lists(st.integers(0, len(events))))):
        parts.step(part)
    assert whole.parked == parts.parked == []
    assert whole.rows == parts.rows
    assert whole.listed() == parts.listed()
    assert whole.notices == parts.notices


@settings(max_examples=150, deadline=None)
@given(histories(), st.data())
def test_events_that_come_again_change_nothing(events: Events, data: st.DataObject) -> None:
    repeated: Events = []
    for i, event in enumerate(events):
        repeated.append(event)
        repeated += [events[j] for j in data.draw(st.lists(st.integers(0, i), max_size=2))]
    once, again = Story().step(events), Story()
    for part in cut(repeated, data.draw(st.lists(st.integers(0, len(repeated))))):
        again.step(part)
    assert again.parked == []
    assert once.rows == again.rows
    assert once.listed() == again.listed()
    assert once.notices == again.notices


@pytest.mark.parametrize(
    ("aggregate_id", "first", "third"),
    [
        (CUSTOMER, CustomerRegistered(name="Ada", email="a@example.com"), CustomerDeactivated()),
        (PRODUCT, added(), ProductRestocked(quantity=1)),
        (ORDER, placed(customer_id=an_id("cus", 9)), OrderConfirmed(customer_id=an_id("cus", 9))),
    ],
)
def test_a_gap_in_versions_is_parked(aggregate_id: str, first: Event, third: Event) -> None:
    ben = envelope(an_id("cus", 9), 1, CustomerRegistered(name="Ben", email="b@example.com"))
    story = given_events(ben, envelope(aggregate_id, 1, first))
    rows = {row: dict(fields) for row, fields in story.rows.items()}
    story.step([envelope(aggregate_id, 3, third)])
    assert [parked.reason for parked in story.parked] == [
        f"Unprojectable: {aggregate_id} was seen up to version 1, its next event is 3"
    ]
    assert story.rows == rows


def test_every_event_type_has_a_projection() -> None:
    assert set(PROJECTIONS) == set(EVENT_TYPES.values())


def test_a_projection_may_not_ask_for_a_row_that_was_not_read() -> None:
    with pytest.raises(KeyError):
        PROJECTIONS[CustomerDeactivated].project(envelope(CUSTOMER, 2, CustomerDeactivated()), Rows(KEYS, "EUR", {}))
