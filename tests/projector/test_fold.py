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
from write_model.contracts.customers import (
    CustomerDeactivated,
    CustomerProfileUpdated,
    CustomerReactivated,
    CustomerRegistered,
)
from write_model.contracts.envelope import Envelope
from write_model.contracts.event import Event
from write_model.contracts.orders import (
    Line,
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    OrderDelivered,
    OrderItemAdded,
    OrderItemQuantityChanged,
    OrderItemRemoved,
    OrderShipped,
)
from write_model.contracts.products import (
    ProductDetailsUpdated,
    ProductDiscontinued,
    ProductPriceChanged,
    ProductRestocked,
    StockReleased,
    StockReserved,
)

Events = list[Envelope[Event]]

few = st.integers(1, 3)


@st.composite
def histories(draw: st.DrawFn) -> Events:
    """Events of a few customers, products and orders, mixed, each aggregate's in order."""
    customers = [an_id("cus", n) for n in range(draw(st.integers(1, 3)))]
    registered = [envelope(id, 1, CustomerRegistered(name=f"N{id[-3:]}", email="a@example.com")) for id in customers]
    queues: list[Events] = []
    for id in customers:
        updates = [
            CustomerProfileUpdated(name=f"N{n}", email=f"{n}@example.com") for n in draw(st.lists(few, max_size=2))
        ]
        profile: list[Event] = [*updates, CustomerDeactivated(), CustomerReactivated()][: draw(st.integers(0, 4))]
        queues.append([envelope(id, version, event) for version, event in enumerate(profile, 2)])
    for n in range(draw(st.integers(0, 5))):
        customer_id = draw(st.sampled_from(customers))
        edits = draft_of(customer_id, draw(st.lists(st.tuples(few, few), max_size=5))) if draw(st.booleans()) else []
        life: list[Event] = [
            placed(total=draw(st.integers(1, 5000)), customer_id=customer_id),
            OrderConfirmed(customer_id=customer_id),
            OrderShipped(customer_id=customer_id, carrier="DHL", tracking_number=str(n)),
            OrderDelivered(customer_id=customer_id),
        ][: draw(st.integers(0 if edits else 1, 4))]
        if len(life) < 3 and draw(st.booleans()):
            life.append(OrderCancelled(customer_id=customer_id, reason="OTHER"))
        queues.append(history(an_id("ord", n), *edits, *life))
    for n in range(draw(st.integers(0, 2))):
        quantity = draw(st.integers(1, 9))
        # What is released was reserved before.
        changes: list[Event] = [
            ProductRestocked(quantity=quantity),
            StockReserved(order_id=ORDER, quantity=quantity),
            ProductPriceChanged(price=quantity, currency="EUR"),
            ProductDetailsUpdated(name=f"Q{quantity}", description="", category="Other"),
            ProductDiscontinued(),
        ]
        sold = [*draw(st.permutations(changes)), StockReleased(order_id=ORDER, quantity=quantity)]
        queues.append(history(an_id("prd", n), added(name=f"P{n}"), *sold))
    mixed = registered
    while queues := [queue for queue in queues if queue]:
        mixed = [*mixed, draw(st.sampled_from(queues)).pop(0)]
    return mixed


def draft_of(customer_id: str, edits: Sequence[tuple[int, int]]) -> list[Event]:
    """A draft's events: each edit puts so many units of a product in, changes how many there are, or takes it out."""
    events: list[Event] = [OrderCreated(customer_id=customer_id, currency="EUR")]
    has = set[str]()
    for number, quantity in edits:
        id = an_id("prd", number)
        if id not in has:
            line = Line(product_id=id, sku=id, name=id, quantity=quantity, unit_price=100 * number)
            events.append(OrderItemAdded(customer_id=customer_id, line=line))
        elif quantity > 1:
            events.append(OrderItemQuantityChanged(customer_id=customer_id, product_id=id, quantity=quantity))
        else:
            events.append(OrderItemRemoved(customer_id=customer_id, product_id=id))
        has ^= {id} if id not in has or quantity == 1 else set()
    return events


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
    assert whole.counted() == parts.counted()
    assert whole.marked() == parts.marked()
    assert whole.columns == parts.columns
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
    assert once.counted() == again.counted()
    assert once.marked() == again.marked()
    assert once.columns == again.columns
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
