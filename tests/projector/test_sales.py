"""Sales by day: what orders add to the day on which they were placed, and take from it when they are cancelled."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, timedelta, timezone

from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from read_model.schema.sales import day_fields
from tests.projector.events import CUSTOMER, ORDER, START, an_id, envelope, history, placed
from tests.projector.story import KEYS, Story, given
from write_model.contracts.customers import CustomerRegistered
from write_model.contracts.envelope import Envelope
from write_model.contracts.event import Event
from write_model.contracts.orders import OrderCancelled, OrderCreated

ADA = envelope(CUSTOMER, 1, CustomerRegistered(name="Ada", email="ada@example.com"))
CANCELLED = OrderCancelled(customer_id=CUSTOMER, reason="OTHER")


def counters(day: str, *values: int, currency: str = "EUR") -> dict[tuple[str, str], int]:
    """Orders, items and revenue of a day as Redis has them."""
    return {(KEYS.sales(currency), field): value for field, value in zip(day_fields(day), values, strict=True)}


def test_a_placed_order_enters_its_day() -> None:
    story = given(ADA).step(history(ORDER, placed(total=1990, quantity=2)))
    assert story.counted() == counters("2026-11-20", 1, 2, 1990)


def test_a_cancelled_order_leaves_the_day_on_which_it_was_placed() -> None:
    first, second = history(ORDER, placed(total=1990), CANCELLED)
    story = given(ADA, *history(an_id("ord", 2), placed(total=10)), first)
    story.step([replace(second, occurred_at=START + timedelta(days=3))])
    assert story.counted() == counters("2026-11-20", 1, 1, 10)


def test_the_day_is_the_utc_day() -> None:
    here = timezone(timedelta(hours=-10))
    late = replace(envelope(ORDER, 1, placed(total=10)), occurred_at=START.replace(hour=20, tzinfo=here))
    assert given(ADA).step([late]).counted() == counters("2026-11-21", 1, 1, 10)


def test_a_submitted_draft_enters_the_day_on_which_it_was_submitted() -> None:
    first, second = history(ORDER, OrderCreated(customer_id=CUSTOMER, currency="EUR"), placed(total=10))
    story = given(ADA, first).step([replace(second, occurred_at=START + timedelta(days=1))])
    assert story.counted() == counters("2026-11-21", 1, 1, 10)


def test_currencies_are_not_mixed() -> None:
    story = given(ADA).step(history(ORDER, placed(total=100, currency="JPY")))
    assert story.counted() == counters("2026-11-20", 1, 1, 100, currency="JPY")


orders = st.tuples(
    st.booleans(),  # a draft at first
    st.none() | st.tuples(st.integers(1, 9999), st.integers(1, 9), st.integers(0, 3)),  # placed: price, units, day
    st.none() | st.integers(0, 3),  # cancelled: so many days later
)


@settings(max_examples=100, deadline=None)
@examples(st.lists(orders, max_size=8), st.data())
def test_the_counters_are_what_a_naive_tally_says(
    lives: list[tuple[bool, tuple[int, int, int] | None, int | None]], data: st.DataObject
) -> None:
    tally: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    queues: list[list[Envelope[Event]]] = []
    for number, (drafted, order, cancelled) in enumerate(lives):
        happened: list[tuple[Event, int]] = []
        if drafted or order is None:
            happened.append((OrderCreated(customer_id=CUSTOMER, currency="EUR"), 0))
        if order is not None:
            price, units, day = order
            happened.append((placed(total=price * units, quantity=units), day))
            if cancelled is None:
                sums = tally[(START + timedelta(days=day)).astimezone(UTC).date().isoformat()]
                for n, value in enumerate((1, units, price * units)):
                    sums[n] += value
        if cancelled is not None:
            happened.append((CANCELLED, (order[2] if order else 0) + cancelled))
        days = [day for _, day in happened]
        its = history(an_id("ord", number), *(event for event, _ in happened))
        queues.append(
            [replace(event, occurred_at=START + timedelta(days=day)) for event, day in zip(its, days, strict=True)]
        )
    mixed: list[Envelope[Event]] = [ADA]
    while queues := [queue for queue in queues if queue]:
        mixed.append(data.draw(st.sampled_from(queues)).pop(0))
    story = Story()
    while mixed:
        size = data.draw(st.integers(1, len(mixed)))
        story.step(mixed[:size])
        mixed = mixed[size:]
    expected: dict[tuple[str, str], int] = {}
    for sold_on, sold in tally.items():
        expected |= counters(sold_on, *sold)
    assert story.counted() == expected
