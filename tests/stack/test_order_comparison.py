"""An order as MongoDB, Redis and the journal have it: which differences are differences."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from read_model.projection import Lag
from read_model.schema.orders import AddressRow, LineRow, OrderRow, OrderSummary, ShipmentRow
from stack.order.comparison import Compared, compare
from stack.order.reading import Shown, Written
from stack.order.verdict import findings
from tests.projector.events import CUSTOMER, ORDER, history, placed
from write_model.contracts.envelope import Envelope
from write_model.contracts.event import Event
from write_model.contracts.orders import OrderCancelled, OrderConfirmed, OrderPlaced, OrderShipped
from write_model.contracts.streams import Position
from write_model.mongo import journal
from write_model.orders.document import ORDERS

Document = dict[str, Any]
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
PLACED = placed()
CONFIRMED = OrderConfirmed(customer_id=CUSTOMER)
SHIPPED = OrderShipped(customer_id=CUSTOMER, carrier="DHL", tracking_number="1")
CANCELLED = OrderCancelled(customer_id=CUSTOMER, reason="FRAUD")


def stored(*events: Event) -> Document:
    state = None
    for event in events:
        state = ORDERS.evolve(ORDER, state, event)
    assert state
    return ORDERS.to_document(state)


def journaled(*events: Event) -> list[Document]:
    envelopes: list[Envelope[Event]] = history(ORDER, *events)
    return [journal.to_document(envelope) for envelope in envelopes]


def row(status: str, version: int, *, shipment: ShipmentRow | None = None, reason: str | None = None) -> OrderRow:
    assert isinstance(PLACED, OrderPlaced)
    lines = tuple(
        LineRow(*(it.product_id, it.sku, it.name, it.quantity, it.unit_price), it.quantity * it.unit_price)
        for it in PLACED.lines
    )
    summary = OrderSummary(
        *(ORDER, version, status, CUSTOMER, "Ada", sum(line.quantity for line in lines), PLACED.total, PLACED.currency),
        *(reason, "", None, ""),
    )
    return OrderRow(summary, lines, AddressRow(**PLACED.shipping_address.model_dump()), shipment, ())


def differing(compared: list[Compared]) -> dict[str, str]:
    return {its.field: its.problem for its in compared if its.problem}


def shown(row: OrderRow | None, **facts: Any) -> Shown:
    lag = Lag(Position(0, 0), 7, 1.5, 0)
    at = Position(int(NOW.timestamp()) * 1000, 0)
    return replace(Shown(row, True, "", 3, lag, at, {}, frozenset()), **facts)


def said(events: list[Document], shown: Shown) -> list[str]:
    state = stored(*(journal.from_document(event).event for event in events))
    compared = compare(state, events, frozenset(), shown.row)
    return findings(ORDER, Written(state, events, {}), shown, compared, NOW)


def test_whoever_has_all_events_agrees() -> None:
    events = (PLACED, CONFIRMED, SHIPPED)
    its = row("SHIPPED", 3, shipment=ShipmentRow("DHL", "1", ""))
    compared = compare(stored(*events), journaled(*events), frozenset(), its)
    assert differing(compared) == {}
    assert all(one.stored == one.shown for one in compared)
    assert said(journaled(*events), shown(its)) == []


def test_a_row_that_is_behind_is_compared_with_the_journal_up_to_there() -> None:
    events = (PLACED, CONFIRMED, CANCELLED)
    assert differing(compare(stored(*events), journaled(*events), frozenset(), row("CONFIRMED", 2))) == {}
    wrong = compare(stored(*events), journaled(*events), frozenset(), row("CANCELLED", 2, reason="FRAUD"))
    assert set(differing(wrong)) == {"status", "cancellation_reason"}


def test_an_event_that_was_given_up_counts_in_the_version_alone() -> None:
    events, given_up = (PLACED, CONFIRMED, SHIPPED), {f"{ORDER}@2", f"{ORDER}@3"}
    assert differing(compare(stored(*events), journaled(*events), given_up, row("PLACED", 3))) == {}
    assert set(differing(compare(stored(*events), journaled(*events), set(), row("PLACED", 3)))) == {
        "status",
        "shipment",
    }


def test_a_state_that_does_not_follow_from_the_journal_is_named() -> None:
    wrong = {**stored(PLACED, CONFIRMED), "total": 1}
    found = differing(compare(wrong, journaled(PLACED, CONFIRMED), frozenset(), row("CONFIRMED", 2)))
    assert found == {"total": "MongoDB has it otherwise than the journal"}


def test_without_the_journal_nothing_is_wrong_with_what_the_other_side_shows() -> None:
    assert differing(compare(None, None, frozenset(), row("PLACED", 1))) == {}


def test_a_row_of_what_the_journal_does_not_have_is_named() -> None:
    [*_, last] = said(journaled(PLACED), shown(row("CONFIRMED", 2)))
    assert last.startswith("Redis shows what the journal does not have")


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"waiting": frozenset({2})}, "the projector of partition 3 has 7 events to go and is 1.5 s behind"),
        ({"parked": {2: "KeyError"}}, f"{ORDER}@2 is parked: KeyError. Later ones wait behind it"),
        ({}, "the relay is at work in partition 3: look again in a moment"),
        ({"end": None}, "the stream of partition 3 is empty: see that a relay runs"),
        (
            {"end": Position((int(NOW.timestamp()) - 60) * 1000, 0)},
            "partition 3 got nothing for 60 s: see that a relay",
        ),
    ],
)
def test_what_is_behind_is_told_what_it_waits_for(facts: dict[str, Any], words: str) -> None:
    first, second = said(journaled(PLACED, CONFIRMED, SHIPPED), shown(row("PLACED", 1), **facts))
    assert first == "The row is at version 1, 2 events behind."
    assert words in second


def test_a_read_model_that_is_being_prepared_says_nothing_of_an_order() -> None:
    assert said(journaled(PLACED), shown(None, is_prepared=False)) == [
        "The read model is being prepared from the journal: wait until /readyz answers 200."
    ]
