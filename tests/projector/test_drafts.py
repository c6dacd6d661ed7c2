"""What the events of drafts make of the read model."""

from typing import Final

from read_model.schema.changes import OrderChanged
from read_model.schema.orders import LineRow, OrderRow, OrderSummary, StatusRow
from tests.projector.events import CUSTOMER, ORDER, PRODUCT, an_id, at, envelope, history, placed
from tests.projector.story import KEYS, Story, given
from write_model.contracts.customers import CustomerProfileUpdated, CustomerRegistered
from write_model.contracts.event import Event
from write_model.contracts.orders import (
    Line,
    OrderCancelled,
    OrderCreated,
    OrderItemAdded,
    OrderItemQuantityChanged,
    OrderItemRemoved,
)

CUP: Final = an_id("prd", 2)
ADA, RENAMED = history(
    CUSTOMER,
    CustomerRegistered(name="Ada", email="ada@example.com"),
    CustomerProfileUpdated(name="Ada King", email="ada@example.com"),
)
CREATED = OrderCreated(customer_id=CUSTOMER, currency="EUR")
TEA_ADDED, CUP_ADDED = (
    OrderItemAdded(
        customer_id=CUSTOMER, line=Line(product_id=id, sku=name.upper(), name=name, quantity=quantity, unit_price=price)
    )
    for id, name, quantity, price in ((PRODUCT, "Tea", 2, 450), (CUP, "Cup", 3, 1000))
)
CANCELLED = OrderCancelled(customer_id=CUSTOMER, reason="CUSTOMER_REQUEST")
DRAFT = OrderRow(
    summary=OrderSummary(
        id=ORDER,
        version=1,
        status="DRAFT",
        customer_id=CUSTOMER,
        customer_name="Ada",
        item_count=0,
        total=0,
        currency="EUR",
        cancellation_reason=None,
        created_at=at(1),
        placed_at=None,
        updated_at=at(1),
    ),
    lines=(),
    address=None,
    shipment=None,
    timeline=(StatusRow(1, None, "DRAFT", at(1)),),
)
TEA_LINE, CUP_LINE = LineRow(PRODUCT, "TEA", "Tea", 2, 450, 900), LineRow(CUP, "CUP", "Cup", 3, 1000, 3000)


def draft(*events: Event) -> Story:
    """A draft that these happened to; the last in a step of its own."""
    *before, last = history(ORDER, CREATED, *events)
    return given(ADA, *before).step([last])


def orders_listed(story: Story) -> dict[str, set[str]]:
    return {key: members for key, members in story.listed().items() if key.startswith(KEYS.orders())}


def listed_in(status: str) -> dict[str, set[str]]:
    return {
        KEYS.orders(): {ORDER},
        KEYS.orders(customer_id=CUSTOMER): {ORDER},
        KEYS.orders(status=status): {ORDER},
        KEYS.orders(customer_id=CUSTOMER, status=status): {ORDER},
    }


def test_a_draft_is_an_empty_order_in_the_lists_and_in_no_total() -> None:
    story = draft()
    assert story.order(ORDER) == DRAFT
    assert orders_listed(story) == listed_in("DRAFT")
    assert story.notices == [OrderChanged(ORDER, CUSTOMER, 1, None, "DRAFT", at(1))]
    assert (story.customer(CUSTOMER).order_count, story.counted()) == (0, {})


def test_items_move_version_and_moment_and_leave_status_and_lists() -> None:
    story = draft(TEA_ADDED, CUP_ADDED)
    assert story.order(ORDER) == DRAFT._replace(
        summary=DRAFT.summary._replace(version=3, item_count=5, total=3900, updated_at=at(3)),
        lines=(TEA_LINE, CUP_LINE),
    )
    assert orders_listed(story) == listed_in("DRAFT")
    (notice,) = story.notices
    assert notice == OrderChanged(ORDER, CUSTOMER, 3, "DRAFT", "DRAFT", at(3))
    assert isinstance(notice, OrderChanged)
    assert not notice.is_status_change


def test_a_changed_quantity() -> None:
    story = draft(TEA_ADDED, CUP_ADDED, OrderItemQuantityChanged(customer_id=CUSTOMER, product_id=PRODUCT, quantity=5))
    row = story.order(ORDER)
    assert row.lines == (TEA_LINE._replace(quantity=5, line_total=2250), CUP_LINE)
    assert (row.summary.version, row.summary.item_count, row.summary.total) == (4, 8, 5250)
    assert row.timeline == DRAFT.timeline


def test_a_removed_item() -> None:
    removed = OrderItemRemoved(customer_id=CUSTOMER, product_id=PRODUCT)
    story = draft(TEA_ADDED, CUP_ADDED, removed)
    row = story.order(ORDER)
    assert (row.lines, row.summary.item_count, row.summary.total) == ((CUP_LINE,), 3, 3000)
    story.step([envelope(ORDER, 5, OrderItemRemoved(customer_id=CUSTOMER, product_id=CUP))])
    row = story.order(ORDER)
    assert (row.lines, row.summary.item_count, row.summary.total) == ((), 0, 0)


def test_a_submitted_draft_has_the_lines_and_the_total_of_that_moment() -> None:
    story = draft(TEA_ADDED, CUP_ADDED, placed(total=500, quantity=2))
    row = story.order(ORDER)
    assert row.summary == DRAFT.summary._replace(
        version=4, status="PLACED", item_count=2, total=500, placed_at=at(4), updated_at=at(4)
    )
    assert row.lines == (LineRow(PRODUCT, "TEA-1", "Tea", 2, 250, 500),)
    assert row.address is not None
    assert row.timeline == (*DRAFT.timeline, StatusRow(4, "DRAFT", "PLACED", at(4)))
    assert orders_listed(story) == listed_in("PLACED")
    assert story.notices == [OrderChanged(ORDER, CUSTOMER, 4, "DRAFT", "PLACED", at(4))]
    customer = story.customer(CUSTOMER)
    assert (customer.order_count, customer.total_spent, customer.last_order_at) == (1, 500, at(4))


def test_a_draft_may_be_made_and_submitted_in_one_step() -> None:
    story = given(ADA).step(history(ORDER, CREATED, TEA_ADDED, placed(total=500)))
    assert orders_listed(story) == listed_in("PLACED")
    assert [change.status for change in story.order(ORDER).timeline] == ["DRAFT", "PLACED"]


def test_a_submitted_draft_shows_the_name_that_its_customer_has_by_then() -> None:
    first, second = history(ORDER, CREATED, placed(total=500))
    assert given(ADA, first, RENAMED).step([second]).order(ORDER).summary.customer_name == "Ada King"


def test_an_order_is_not_placed_twice() -> None:
    story = draft(placed(total=500))
    story.step([envelope(ORDER, 3, placed(total=500))])
    assert [parked.reason for parked in story.parked] == [f"Unprojectable: {ORDER} was placed before"]


def test_a_draft_that_is_given_up_never_was_in_a_total() -> None:
    story = draft(TEA_ADDED, CANCELLED)
    row = story.order(ORDER).summary
    assert (row.status, row.cancellation_reason, row.placed_at) == ("CANCELLED", "CUSTOMER_REQUEST", None)
    assert orders_listed(story) == listed_in("CANCELLED")
    assert story.notices == [OrderChanged(ORDER, CUSTOMER, 3, "DRAFT", "CANCELLED", at(3))]
    customer = story.customer(CUSTOMER)
    assert (customer.order_count, customer.total_spent, story.counted()) == (0, 0, {})
