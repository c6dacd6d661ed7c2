"""What order events make of the read model."""

from read_model.schema.changes import OrderChanged
from read_model.schema.orders import AddressRow, LineRow, OrderRow, OrderSummary, ShipmentRow, StatusRow
from tests.projector.events import ADDRESS, CUSTOMER, ORDER, PRODUCT, an_id, at, envelope, history, placed, position
from tests.projector.story import KEYS, Story, given
from write_model.contracts.customers import CustomerRegistered
from write_model.contracts.orders import (
    Line,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderPlaced,
    OrderShipped,
)

ADA = envelope(CUSTOMER, 1, CustomerRegistered(name="Ada", email="ada@example.com"))
TEA = Line(product_id=PRODUCT, sku="TEA-1", name="Tea", quantity=2, unit_price=450)
CUP = Line(product_id=an_id("prd", 2), sku="CUP-1", name='Cup\nwith a "handle"', quantity=3, unit_price=1000)
PLACED = OrderPlaced(customer_id=CUSTOMER, lines=(TEA, CUP), total=3900, currency="EUR", shipping_address=ADDRESS)
CONFIRMED = OrderConfirmed(customer_id=CUSTOMER)
SHIPPED = OrderShipped(customer_id=CUSTOMER, carrier="DHL", tracking_number="00340")
DELIVERED = OrderDelivered(customer_id=CUSTOMER)
CANCELLED = OrderCancelled(customer_id=CUSTOMER, reason="FRAUD")

ROW = OrderRow(
    summary=OrderSummary(
        id=ORDER,
        version=1,
        status="PLACED",
        customer_id=CUSTOMER,
        customer_name="Ada",
        item_count=5,
        total=3900,
        currency="EUR",
        cancellation_reason=None,
        created_at=at(1),
        placed_at=at(1),
        updated_at=at(1),
    ),
    lines=(
        LineRow(PRODUCT, "TEA-1", "Tea", 2, 450, 900),
        LineRow(an_id("prd", 2), "CUP-1", 'Cup\nwith a "handle"', 3, 1000, 3000),
    ),
    address=AddressRow("Ada", "Main Street 1", "Berlin", "10115", "DE"),
    shipment=None,
    timeline=(StatusRow(1, None, "PLACED", at(1)),),
)


def listed(story: Story) -> dict[str, set[str]]:
    """Every list of orders that has some."""
    return {key: members for key, members in story.listed().items() if key.startswith(KEYS.orders())}


def listed_in(status: str) -> dict[str, set[str]]:
    """Where an order stands that is in the status."""
    return {
        KEYS.orders(): {ORDER},
        KEYS.orders(customer_id=CUSTOMER): {ORDER},
        KEYS.orders(status=status): {ORDER},
        KEYS.orders(customer_id=CUSTOMER, status=status): {ORDER},
    }


def test_a_placed_order_has_a_row_stands_in_four_lists_and_is_announced() -> None:
    story = given(ADA).step(history(ORDER, PLACED))
    assert story.order(ORDER) == ROW
    assert listed(story) == listed_in("PLACED")
    assert story.notices == [OrderChanged(ORDER, CUSTOMER, 1, None, "PLACED", at(1))]


def test_a_placed_order_counts_for_its_customer_whose_version_stays() -> None:
    story = given(ADA)
    before = story.customer(CUSTOMER)
    story.step(history(ORDER, PLACED))
    assert story.customer(CUSTOMER) == before._replace(order_count=1, total_spent=3900, last_order_at=at(1))


def test_a_confirmed_order_moves_to_another_list() -> None:
    first, second = history(ORDER, PLACED, CONFIRMED)
    story = given(ADA, first).step([second])
    assert story.order(ORDER) == ROW._replace(
        summary=ROW.summary._replace(version=2, status="CONFIRMED", updated_at=at(2)),
        timeline=(*ROW.timeline, StatusRow(2, "PLACED", "CONFIRMED", at(2))),
    )
    assert listed(story) == listed_in("CONFIRMED")
    assert story.notices == [OrderChanged(ORDER, CUSTOMER, 2, "PLACED", "CONFIRMED", at(2))]


def test_a_shipped_order_shows_its_shipment() -> None:
    *before, shipped = history(ORDER, PLACED, CONFIRMED, SHIPPED)
    story = given(ADA, *before).step([shipped])
    row = story.order(ORDER)
    assert row.shipment == ShipmentRow("DHL", "00340", at(3))
    assert (row.lines, row.address) == (ROW.lines, ROW.address)
    assert (row.summary.status, row.summary.version) == ("SHIPPED", 3)
    assert listed(story) == listed_in("SHIPPED")
    assert story.notices == [OrderChanged(ORDER, CUSTOMER, 3, "CONFIRMED", "SHIPPED", at(3))]


def test_a_delivered_order_has_its_whole_timeline() -> None:
    *before, delivered = history(ORDER, PLACED, CONFIRMED, SHIPPED, DELIVERED)
    story = given(ADA, *before).step([delivered])
    assert story.order(ORDER).timeline == (
        StatusRow(1, None, "PLACED", at(1)),
        StatusRow(2, "PLACED", "CONFIRMED", at(2)),
        StatusRow(3, "CONFIRMED", "SHIPPED", at(3)),
        StatusRow(4, "SHIPPED", "DELIVERED", at(4)),
    )
    assert listed(story) == listed_in("DELIVERED")
    assert story.notices == [OrderChanged(ORDER, CUSTOMER, 4, "SHIPPED", "DELIVERED", at(4))]
    assert story.customer(CUSTOMER).order_count == 1


def test_a_cancelled_order_says_why_and_leaves_its_customers_totals() -> None:
    first, second = history(ORDER, PLACED, CANCELLED)
    story = given(ADA, *history(an_id("ord", 2), placed(total=100)), first).step([second])
    row = story.order(ORDER).summary
    assert (row.status, row.cancellation_reason, row.version) == ("CANCELLED", "FRAUD", 2)
    assert story.notices == [OrderChanged(ORDER, CUSTOMER, 2, "PLACED", "CANCELLED", at(2))]
    assert story.listed()[KEYS.orders(status="CANCELLED")] == {ORDER}
    customer = story.customer(CUSTOMER)
    assert (customer.order_count, customer.total_spent, customer.last_order_at) == (1, 100, at(1))


def test_a_whole_life_in_one_step_is_one_row_and_every_notice() -> None:
    story = given(ADA).step(history(ORDER, PLACED, CONFIRMED, SHIPPED, DELIVERED))
    assert listed(story) == listed_in("DELIVERED")
    assert [(notice.version, notice.status) for notice in story.notices if isinstance(notice, OrderChanged)] == [
        (1, "PLACED"),
        (2, "CONFIRMED"),
        (3, "SHIPPED"),
        (4, "DELIVERED"),
    ]


def test_totals_follow_the_currency_of_the_first_order_and_are_not_mixed() -> None:
    story = given(ADA).step(history(ORDER, placed(total=100, currency="JPY")))
    assert (story.customer(CUSTOMER).currency, story.customer(CUSTOMER).total_spent) == ("JPY", 100)
    story.step(history(an_id("ord", 2), placed(total=100, currency="EUR")))
    assert [parked.aggregate_id for parked in story.parked] == [an_id("ord", 2)]
    assert story.customer(CUSTOMER).total_spent == 100


def test_an_order_of_an_unknown_customer_is_not_guessed() -> None:
    story = given().step(history(ORDER, PLACED, CONFIRMED))
    assert [(parked.position, parked.reason) for parked in story.parked] == [
        (position(1), f"Unprojectable: {CUSTOMER} has no row"),
        (position(2), f"an earlier event of {ORDER} is parked"),
    ]
    assert listed(story) == {}
