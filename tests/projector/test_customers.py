"""What customer events make of the read model."""

from dataclasses import replace
from datetime import timedelta

from read_model.schema.customers import CustomerRow
from read_model.schema.names import name_member
from tests.projector.events import CUSTOMER, ORDER, an_id, at, history, placed
from tests.projector.story import KEYS, given
from write_model.contracts import codec
from write_model.contracts.customers import (
    CustomerDeactivated,
    CustomerProfileUpdated,
    CustomerReactivated,
    CustomerRegistered,
)

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
    assert story.notices == []


def test_a_customer_is_found_by_the_beginnings_of_the_words_of_name_and_email() -> None:
    story = given().step(history(CUSTOMER, CustomerRegistered(name="Ünal Li", email="li@ab.de")))
    found_by = ("", "u", "un", "una", "unal", "l", "li", "a", "ab", "d", "de")
    assert story.listed() == {KEYS.customers(beginning): {name_member("Ünal Li", CUSTOMER)} for beginning in found_by}


def test_an_updated_profile_changes_the_row_and_where_the_customer_is_found() -> None:
    registered, updated = history(CUSTOMER, ADA, CustomerProfileUpdated(name="Ada King", email="ada@example.com"))
    story = given(registered).step([updated])
    assert story.customer(CUSTOMER) == ROW._replace(version=2, name="Ada King")
    listed = story.listed()
    assert listed.pop(KEYS.renames()) == {CUSTOMER}
    fresh = given().step(history(CUSTOMER, CustomerRegistered(name="Ada King", email="ada@example.com")))
    assert listed == fresh.listed()


def test_another_email_alone_is_no_rename() -> None:
    registered, updated = history(CUSTOMER, ADA, CustomerProfileUpdated(name="Ada Löwe", email="a@b.de"))
    story = given(registered).step([updated])
    assert story.customer(CUSTOMER) == ROW._replace(version=2, email="a@b.de")
    assert KEYS.renames() not in story.listed()
    assert KEYS.customers("example") not in story.listed()


def test_a_reactivated_customer_is_active_again() -> None:
    *before, reactivated = history(CUSTOMER, ADA, CustomerDeactivated(), CustomerReactivated())
    story = given(*before).step([reactivated])
    assert story.customer(CUSTOMER) == ROW._replace(version=3)


def test_a_deactivated_customer_keeps_everything_but_the_status() -> None:
    registered, deactivated = history(CUSTOMER, ADA, CustomerDeactivated())
    story = given(registered).step([deactivated])
    assert story.customer(CUSTOMER) == ROW._replace(version=2, status="DEACTIVATED")


def test_a_deactivated_customer_keeps_their_totals() -> None:
    registered, deactivated = history(CUSTOMER, ADA, CustomerDeactivated())
    story = given(registered, *history(ORDER, placed(total=1990))).step([deactivated])
    assert story.customer(CUSTOMER) == ROW._replace(
        version=2, status="DEACTIVATED", order_count=1, total_spent=1990, last_order_at=at(1)
    )


def test_an_order_that_was_taken_earlier_and_committed_later_is_not_the_customers_last() -> None:
    (registered,) = history(CUSTOMER, ADA)
    (earlier,), (later,) = history(an_id("ord", 2), placed()), history(ORDER, placed())
    later = replace(later, occurred_at=earlier.occurred_at + timedelta(milliseconds=1))
    story = given(registered, later).step([earlier])
    assert story.customer(CUSTOMER).last_order_at == codec.encode_time(later.occurred_at)
    assert story.customer(CUSTOMER).order_count == 2
