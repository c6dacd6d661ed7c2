"""The order: what it knows, what it decides, how it changes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, assert_never

from write_model.contracts.codec import encode_time
from write_model.contracts.orders import (
    CancellationReason,
    Line,
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    OrderDelivered,
    OrderEvent,
    OrderItemAdded,
    OrderItemQuantityChanged,
    OrderItemRemoved,
    OrderPlaced,
    OrderShipped,
    ShippingAddress,
)
from write_model.customers.customer import Customer, CustomerInactive, CustomerStatus
from write_model.orders.lifecycle import NEXT, Status
from write_model.rejection import Rejection

MOST_LINES: Final = 100
MOST_UNITS: Final = 10_000
"""Of one product in one order."""


class OrderNotFound(Rejection):
    """There is no order {id}."""

    code = "NOT_FOUND"


class OrderEmpty(Rejection):
    """An order needs at least one line."""

    code = "ORDER_EMPTY"


class OrderStatusConflict(Rejection):
    """Order {id} is {status} and cannot be {attempt}."""

    code = "ORDER_STATUS_CONFLICT"


class ItemNotFound(Rejection):
    """Order {id} has no line of product {product_id}."""

    code = "NOT_FOUND"


class TooManyLines(Rejection):
    """An order has at most {most} lines."""

    code = "INVALID_INPUT"


class QuantityTooLarge(Rejection):
    """A line has at most {most:,} units; with these it would have {wanted:,}."""

    code = "INVALID_INPUT"


@dataclass(frozen=True, slots=True)
class Shipment:
    carrier: str
    tracking_number: str


@dataclass(frozen=True, slots=True)
class Order:
    id: str
    version: int
    customer_id: str
    status: Status
    lines: tuple[Line, ...]
    total: int
    currency: str
    shipping_address: ShippingAddress | None
    shipment: Shipment | None
    cancellation_reason: CancellationReason | None
    confirm_by: str | None

    @property
    def holds_stock(self) -> bool:
        """Whether its units are taken from stock: from placing to cancelling."""
        return self.status not in (Status.DRAFT, Status.CANCELLED)

    def line_of(self, product_id: str) -> Line | None:
        """The order's one line of the product."""
        return next((line for line in self.lines if line.product_id == product_id), None)


def create(customer: Customer, *, currency: str) -> list[OrderEvent]:
    _must_be_active(customer)
    return [OrderCreated(customer_id=customer.id, currency=currency)]


def add_item(order: Order, line: Line) -> list[OrderEvent]:
    """More units of a product that the draft has, or a new line of it at the price of the moment."""
    _must_allow(order, Status.PLACED, "edited")
    if there := order.line_of(line.product_id):
        return _set_quantity(order, there, there.quantity + line.quantity)
    if len(order.lines) >= MOST_LINES:
        raise TooManyLines(most=MOST_LINES, field=("input", "productId"))
    return [OrderItemAdded(customer_id=order.customer_id, line=line)]


def change_quantity(order: Order, *, product_id: str, quantity: int) -> list[OrderEvent]:
    _must_allow(order, Status.PLACED, "edited")
    line = order.line_of(product_id)
    if line is None:
        raise ItemNotFound(id=order.id, product_id=product_id, field=("input", "productId"))
    return _set_quantity(order, line, quantity)


def remove_item(order: Order, *, product_id: str) -> list[OrderEvent]:
    """A line that is not there is removed already."""
    _must_allow(order, Status.PLACED, "edited")
    if order.line_of(product_id) is None:
        return []
    return [OrderItemRemoved(customer_id=order.customer_id, product_id=product_id)]


def place(
    customer: Customer,
    lines: Sequence[Line],
    *,
    currency: str,
    shipping_address: ShippingAddress,
    confirm_by: datetime,
    field: tuple[str, ...],
) -> list[OrderEvent]:
    """An order of these lines at the prices they name; `field` is where the refusal of an empty one points."""
    _must_be_active(customer)
    if not lines:
        raise OrderEmpty(field=field)
    return [
        OrderPlaced(
            customer_id=customer.id,
            lines=tuple(lines),
            total=sum(line.quantity * line.unit_price for line in lines),
            currency=currency,
            shipping_address=shipping_address,
            confirm_by=encode_time(confirm_by),
        )
    ]


def submit(
    order: Order,
    customer: Customer,
    lines: Sequence[Line],
    *,
    shipping_address: ShippingAddress,
    confirm_by: datetime,
) -> list[OrderEvent]:
    """Places a draft, with its lines at the prices of the moment. Repeated with the same address it is no news."""
    if order.status is Status.PLACED and order.shipping_address == shipping_address:
        return []
    _must_allow(order, Status.PLACED, "submitted")
    return place(
        customer,
        lines,
        currency=order.currency,
        shipping_address=shipping_address,
        confirm_by=confirm_by,
        field=("input", "orderId"),
    )


def confirm(order: Order) -> list[OrderEvent]:
    if order.status is Status.CONFIRMED:
        return []
    _must_allow(order, Status.CONFIRMED)
    return [OrderConfirmed(customer_id=order.customer_id)]


def ship(order: Order, *, shipment: Shipment) -> list[OrderEvent]:
    if order.shipment == shipment:
        return []
    _must_allow(order, Status.SHIPPED)
    return [
        OrderShipped(customer_id=order.customer_id, carrier=shipment.carrier, tracking_number=shipment.tracking_number)
    ]


def deliver(order: Order) -> list[OrderEvent]:
    if order.status is Status.DELIVERED:
        return []
    _must_allow(order, Status.DELIVERED)
    return [OrderDelivered(customer_id=order.customer_id)]


def cancel(order: Order, *, reason: CancellationReason) -> list[OrderEvent]:
    if order.status is Status.CANCELLED:
        return []
    _must_allow(order, Status.CANCELLED)
    return [OrderCancelled(customer_id=order.customer_id, reason=reason)]


def evolve(id: str, order: Order | None, event: OrderEvent) -> Order:
    """The order after the event."""
    if order is None:
        assert isinstance(event, OrderCreated | OrderPlaced)
        order = Order(
            id=id,
            version=0,
            customer_id=event.customer_id,
            status=Status.DRAFT,
            lines=(),
            total=0,
            currency=event.currency,
            shipping_address=None,
            shipment=None,
            cancellation_reason=None,
            confirm_by=None,
        )
    version = order.version + 1
    match event:
        case OrderCreated():
            return replace(order, version=version)
        case OrderItemAdded():
            return _with_lines(order, version, (*order.lines, event.line))
        case OrderItemQuantityChanged():
            changed = (
                line.model_copy(update={"quantity": event.quantity}) if line.product_id == event.product_id else line
                for line in order.lines
            )
            return _with_lines(order, version, tuple(changed))
        case OrderItemRemoved():
            rest = tuple(line for line in order.lines if line.product_id != event.product_id)
            return _with_lines(order, version, rest)
        case OrderPlaced():
            return replace(
                _with_lines(order, version, event.lines),
                status=Status.PLACED,
                shipping_address=event.shipping_address,
                confirm_by=event.confirm_by,
            )
        case OrderConfirmed():
            return replace(order, version=version, status=Status.CONFIRMED)
        case OrderShipped():
            shipment = Shipment(event.carrier, event.tracking_number)
            return replace(order, version=version, status=Status.SHIPPED, shipment=shipment)
        case OrderDelivered():
            return replace(order, version=version, status=Status.DELIVERED)
        case OrderCancelled():
            return replace(order, version=version, status=Status.CANCELLED, cancellation_reason=event.reason)
        case _:
            assert_never(event)


def _with_lines(order: Order, version: int, lines: tuple[Line, ...]) -> Order:
    return replace(order, version=version, lines=lines, total=sum(line.quantity * line.unit_price for line in lines))


def _set_quantity(order: Order, line: Line, quantity: int) -> list[OrderEvent]:
    if quantity > MOST_UNITS:
        raise QuantityTooLarge(most=MOST_UNITS, wanted=quantity, field=("input", "quantity"))
    if quantity == line.quantity:
        return []
    return [OrderItemQuantityChanged(customer_id=order.customer_id, product_id=line.product_id, quantity=quantity)]


def _must_be_active(customer: Customer) -> None:
    if customer.status is not CustomerStatus.ACTIVE:
        raise CustomerInactive(id=customer.id, field=("input", "customerId"))


def _must_allow(order: Order, wanted: Status, attempt: str | None = None) -> None:
    if wanted not in NEXT[order.status]:
        raise OrderStatusConflict(
            id=order.id, status=order.status, attempt=attempt or wanted.lower(), field=("input", "orderId")
        )
