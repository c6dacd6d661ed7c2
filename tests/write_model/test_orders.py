"""What orders decide."""

import pytest

from tests.write_model.examples import (
    ABSENT,
    ADA,
    AS_ADA,
    AS_BOB,
    LINE,
    ORDER,
    POT,
    SHIPPING_ADDRESS,
    TEA,
    ada,
    ada_left,
    bob,
    cancelled,
    confirmed,
    delivered,
    place,
    placed,
    pot,
    shipped,
    tea,
    tea_ended,
)
from tests.write_model.specification import CONFIRM_BY, Happened, given, happened
from write_model.actor import Actor
from write_model.contracts.ids import kind_of, slot_of
from write_model.contracts.orders import Line, OrderPlaced
from write_model.contracts.products import StockReleased, StockReserved
from write_model.customers.customer import CustomerInactive, CustomerNotFound
from write_model.orders.cancel_order import CancelOrder
from write_model.orders.confirm_order import ConfirmOrder
from write_model.orders.deliver_order import DeliverOrder
from write_model.orders.document import ORDERS
from write_model.orders.order import OrderEmpty, OrderNotFound, OrderStatusConflict
from write_model.orders.ship_order import ShipOrder
from write_model.ports import Command
from write_model.products.document import PRODUCTS
from write_model.products.product import InsufficientStock, ProductIsDiscontinued, ProductNotFound
from write_model.rejection import InvalidInput, VersionConflict

CONFIRM = ConfirmOrder(order_id=ORDER)
SHIP = ShipOrder(order_id=ORDER, carrier="DHL", tracking_number="T-1")
DELIVER = DeliverOrder(order_id=ORDER)
CANCEL = CancelOrder(order_id=ORDER, reason="CUSTOMER_REQUEST")


def test_placing_fixes_prices_and_reserves_stock() -> None:
    decision = given(ada, tea(), pot()).when(place((TEA, 2), (POT, 1)))
    order = decision.answer
    assert order is not None
    assert kind_of(order) == "ord"
    lines = (LINE, Line(product_id=POT, sku="POT-1", name="Tea pot", quantity=1, unit_price=2_500))
    decision.then(
        happened(
            ORDERS,
            order,
            OrderPlaced(
                customer_id=ADA,
                lines=lines,
                total=3_400,
                currency="EUR",
                shipping_address=SHIPPING_ADDRESS,
                confirm_by=CONFIRM_BY,
            ),
        ),
        happened(PRODUCTS, TEA, StockReserved(order_id=order, quantity=2)),
        happened(PRODUCTS, POT, StockReserved(order_id=order, quantity=1)),
    )


def test_an_order_lives_with_its_customer() -> None:
    order = given(ada, tea()).when(place((TEA, 1))).answer
    assert order is not None
    assert slot_of(order) == slot_of(ADA)


def test_the_same_product_on_two_lines_counts_together() -> None:
    given(ada, tea(stock=5)).when(place((TEA, 3), (TEA, 3))).then_refused(
        InsufficientStock, field=("input", "lines", "0", "quantity")
    )
    events = given(ada, tea(stock=6)).when(place((TEA, 3), (TEA, 3))).events
    assert [event.quantity for _, _, event in events if isinstance(event, StockReserved)] == [6]


def test_one_line_short_of_stock_refuses_the_whole_order() -> None:
    given(ada, tea(), pot(stock=0)).when(place((TEA, 1), (POT, 1))).then_refused(
        InsufficientStock, field=("input", "lines", "1", "quantity")
    )


def test_an_order_needs_lines() -> None:
    given(ada).when(place()).then_refused(OrderEmpty, field=("input", "lines"))


def test_a_deactivated_customer_cannot_order() -> None:
    given(ada, ada_left, tea()).when(place((TEA, 1))).then_refused(CustomerInactive, field=("input", "customerId"))


def test_only_what_exists_can_be_ordered() -> None:
    given(tea()).when(place((TEA, 1))).then_refused(CustomerNotFound)
    given(ada, tea()).when(place((TEA, 1), (ABSENT["prd"], 1))).then_refused(
        ProductNotFound, field=("input", "lines", "1", "productId")
    )


def test_a_discontinued_product_cannot_be_ordered() -> None:
    given(ada, tea(), tea_ended).when(place((TEA, 1))).then_refused(
        ProductIsDiscontinued, field=("input", "lines", "0", "productId")
    )


def test_customers_order_for_themselves_only() -> None:
    given(ada, bob, tea()).when(place((TEA, 1)), by=AS_BOB).then_refused(CustomerNotFound)
    assert given(ada, tea()).when(place((TEA, 1)), by=AS_ADA).rejection is None


def test_somebody_elses_order_is_not_found() -> None:
    given(ada, bob, tea(), placed).when(CANCEL, by=AS_BOB).then_refused(OrderNotFound)


def test_the_way_of_an_order() -> None:
    given(placed).when(CONFIRM).then(confirmed)
    given(placed, confirmed).when(SHIP).then(shipped)
    given(placed, confirmed, shipped).when(DELIVER).then(delivered)


@pytest.mark.parametrize("before", [[], confirmed], ids=["placed", "confirmed"])
def test_cancelling_returns_the_stock(before: list[Happened]) -> None:
    given(ada, tea(), placed, before).when(CANCEL).then(
        cancelled, happened(PRODUCTS, TEA, StockReleased(order_id=ORDER, quantity=2))
    )


def test_cancelling_returns_the_stock_of_a_discontinued_product_too() -> None:
    given(ada, tea(), tea_ended, placed).when(CANCEL).then(
        cancelled, happened(PRODUCTS, TEA, StockReleased(order_id=ORDER, quantity=2))
    )


@pytest.mark.parametrize(
    ("history", "command"),
    [
        ([placed], SHIP),
        ([placed], DELIVER),
        ([placed, confirmed], DELIVER),
        ([placed, confirmed, shipped], CONFIRM),
        ([placed, confirmed, shipped], CANCEL),
        ([placed, confirmed, shipped, delivered], CANCEL),
        ([placed, confirmed, shipped, delivered], CONFIRM),
        ([tea(), placed, cancelled], CONFIRM),
        ([tea(), placed, cancelled], SHIP),
        ([placed, confirmed, shipped], ShipOrder(order_id=ORDER, carrier="UPS", tracking_number="T-2")),
    ],
)
def test_the_status_must_allow_it(history: list[list[Happened]], command: Command) -> None:
    given(*history).when(command).then_refused(OrderStatusConflict, field=("input", "orderId"))


@pytest.mark.parametrize(
    ("history", "command"),
    [
        ([placed, confirmed], CONFIRM),
        ([placed, confirmed, shipped], SHIP),
        ([placed, confirmed, shipped, delivered], DELIVER),
        ([placed, cancelled], CANCEL),
    ],
)
def test_repeating_a_command_says_nothing_new(history: list[list[Happened]], command: Command) -> None:
    given(*history).when(command).then_nothing()


@pytest.mark.parametrize("command", [CONFIRM, SHIP, DELIVER, CANCEL])
def test_an_order_must_exist(command: Command) -> None:
    given().when(command).then_refused(OrderNotFound)


def test_the_expected_version_must_be_the_orders() -> None:
    stale = ConfirmOrder(order_id=ORDER, expected_version=2)
    given(placed).when(stale).then_refused(VersionConflict, field=("input", "expectedVersion"))
    given(placed).when(ConfirmOrder(order_id=ORDER, expected_version=1)).then(confirmed)


def test_a_customer_does_not_say_fraud() -> None:
    fraud = CancelOrder(order_id=ORDER, reason="FRAUD")
    given(ada, tea(), placed).when(fraud, by=AS_ADA).then_refused(InvalidInput, field=("input", "reason"))
    assert given(ada, tea(), placed).when(fraud).rejection is None


def test_only_the_system_says_expired() -> None:
    expired = CancelOrder(order_id=ORDER, reason="EXPIRED")
    given(ada, tea(), placed).when(expired, by=AS_ADA).then_refused(InvalidInput, field=("input", "reason"))
    given(ada, tea(), placed).when(expired).then_refused(InvalidInput, field=("input", "reason"))
    by_the_system = given(ada, tea(), placed).when(expired, by=Actor("system", "expiry"))
    assert [type(event).__name__ for _, _, event in by_the_system.events] == ["OrderCancelled", "StockReleased"]
