"""An event that was given up: its row goes one version further and stays as it was."""

from dataclasses import replace

import pytest

from tests.projector.events import CUSTOMER, ORDER, PRODUCT, added, an_id, envelope, history, placed
from tests.projector.story import Story, given
from write_model.contracts.commands import CommandCommitted, CommandQueued, Sender
from write_model.contracts.customers import CustomerDeactivated, CustomerRegistered
from write_model.contracts.envelope import Tombstone
from write_model.contracts.event import Event
from write_model.contracts.orders import OrderConfirmed, OrderDelivered
from write_model.contracts.products import ProductRestocked

ADA = envelope(CUSTOMER, 1, CustomerRegistered(name="Ada", email="ada@example.com"))
OWNER = envelope(an_id("cus", 9), 1, CustomerRegistered(name="Ben", email="b@example.com"))
COMMAND = an_id("cmd", 1)
FIRST: dict[str, Event] = {
    CUSTOMER: CustomerRegistered(name="Ada", email="ada@example.com"),
    PRODUCT: added(stock=5),
    ORDER: placed(customer_id=OWNER.aggregate_id),
    COMMAND: CommandQueued(name="restockProduct", input={}, sender=Sender(role="staff", subject="ada")),
}
NEXT: dict[str, Event] = {
    CUSTOMER: CustomerDeactivated(),
    PRODUCT: ProductRestocked(quantity=2),
    ORDER: OrderConfirmed(customer_id=OWNER.aggregate_id),
    COMMAND: CommandCommitted(result_id=PRODUCT, result_version=2),
}


@pytest.mark.parametrize("id", FIRST)
def test_the_row_goes_one_version_further_and_the_next_event_follows(id: str) -> None:
    story = given(OWNER, envelope(id, 1, FIRST[id]))
    rows, sets = {row: dict(fields) for row, fields in story.rows.items()}, story.listed()
    story.step([Tombstone(id, 2)])
    assert story.parked == []
    assert story.notices == []
    assert story.listed() == sets
    changed = [row for row, fields in story.rows.items() if fields != rows[row]]
    assert [id for _, id in changed] == [id]
    [text] = [story.rows[row]["summary"] for row in changed]
    assert text.splitlines()[1] == "2"
    assert [*text.splitlines()[:1], *text.splitlines()[2:]] == [
        line for n, line in enumerate(rows[changed[0]]["summary"].splitlines()) if n != 1
    ]
    assert story.step([envelope(id, 3, NEXT[id])]).parked == []


def test_a_tombstone_that_comes_again_changes_nothing() -> None:
    story = given(ADA, *history(ORDER, placed()))
    story.step([Tombstone(ORDER, 2), envelope(ORDER, 3, OrderConfirmed(customer_id=CUSTOMER))])
    order = story.order(ORDER)
    story.step([Tombstone(ORDER, 2), Tombstone(ORDER, 3)])
    assert story.order(ORDER) == order
    assert order.summary.version == 3


def test_what_the_skipped_event_did_is_missing_and_nothing_else() -> None:
    _, confirmed, delivered = history(
        ORDER, placed(), OrderConfirmed(customer_id=CUSTOMER), OrderDelivered(customer_id=CUSTOMER)
    )
    without = given(ADA, *history(ORDER, placed())).step([Tombstone(ORDER, 2), delivered]).order(ORDER)
    whole = given(ADA, *history(ORDER, placed())).step([confirmed, delivered]).order(ORDER)
    assert without.summary == whole.summary
    assert [change.status for change in without.timeline] == ["PLACED", "DELIVERED"]
    assert without.timeline[-1] == whole.timeline[-1]._replace(previous_status="PLACED")


def test_a_gap_before_a_tombstone_is_parked() -> None:
    story = given(ADA, *history(ORDER, placed())).step([Tombstone(ORDER, 3)])
    assert [parked.reason for parked in story.parked] == [
        f"Unprojectable: {ORDER} was seen up to version 1, its next event is 3"
    ]


def test_without_its_first_event_nothing_of_an_aggregate_can_be_shown() -> None:
    story = given(ADA).step([Tombstone(ORDER, 1), envelope(ORDER, 2, OrderConfirmed(customer_id=CUSTOMER))])
    assert [parked.reason for parked in story.parked] == [
        f"Unprojectable: {ORDER} was seen up to version 0, its next event is 2"
    ]
    assert Story().step([Tombstone(ORDER, 1), Tombstone(ORDER, 2)]).parked == []


def test_an_order_that_comes_late_was_not_the_last() -> None:
    early, late = an_id("ord", 1), an_id("ord", 2)
    story = given(ADA).step([replace(envelope(late, 1, placed()), occurred_at=ADA.occurred_at)])
    at = story.customer(CUSTOMER).last_order_at
    before = replace(envelope(early, 1, placed()), occurred_at=OWNER.occurred_at.replace(hour=1))
    assert story.step([before]).customer(CUSTOMER).last_order_at == at
    assert story.customer(CUSTOMER).order_count == 2
