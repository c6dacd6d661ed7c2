"""What customer events make of the read model."""

from dataclasses import replace

from read_model.schema.customers import CustomerRow
from tests.projector.events import CUSTOMER, ORDER, at, history, placed
from tests.projector.story import given
from write_model.contracts.customers import CustomerDeactivated, CustomerRegistered

ADA = CustomerRegistered(name="Ada Löwe", email="ada@example.com")
ROW = CustomerRow(
    id=CUSTOMER,
    version=1,
    name="Ada Löwe",
    email="ada@example.com",
    status="ACTIVE",
    registered_at=at(1),
    order_count=0,
    total_spent=0,
    currency="EUR",
    last_order_at=None,
)


def test_a_registered_customer_has_a_row_with_empty_totals_in_the_shops_currency() -> None:
    story = given().step(history(CUSTOMER, ADA))
    assert story.customer(CUSTOMER) == ROW
    assert story.listed() == {}
    assert story.notices == []


def test_a_deactivated_customer_keeps_everything_but_the_status() -> None:
    registered, deactivated = history(CUSTOMER, ADA, CustomerDeactivated())
    story = given(registered).step([deactivated])
    assert story.customer(CUSTOMER) == replace(ROW, version=2, status="DEACTIVATED")


def test_a_deactivated_customer_keeps_their_totals() -> None:
    registered, deactivated = history(CUSTOMER, ADA, CustomerDeactivated())
    story = given(registered, *history(ORDER, placed(total=1990))).step([deactivated])
    assert story.customer(CUSTOMER) == replace(
        ROW, version=2, status="DEACTIVATED", order_count=1, total_spent=1990, last_order_at=at(1)
    )
