"""The order: what it knows, what it decides, how it changes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from write_model.contracts.orders import (
    CancellationReason,
    Line,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderEvent,
    OrderPlaced,
    OrderShipped,
    ShippingAddress,
)
from write_model.customers.customer import Customer, CustomerInactive, CustomerStatus
from write_model.orders.lifecycle import NEXT, Status
from write_model.rejection import Rejection


class OrderNotFound(Rejection):
    """There is no order {id}."""

    code = "NOT_FOUND"


class OrderEmpty(Rejection):
    """An order needs at least one line."""

    code = "ORDER_EMPTY"


class OrderStatusConflict(Rejection):
    """Order {id} is {status} and cannot be {attempt}."""

    code = "ORDER_STATUS_CONFLICT"


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
    shipping_address: ShippingAddress
    shipment: Shipment | None
    cancellation_reason: CancellationReason | None


def place(
    customer: Customer, lines: Sequence[Line], *, currency: str, shipping_address: ShippingAddress
) -> list[OrderEvent]:
    """An order of these lines at the prices they name."""
    if customer.status is not CustomerStatus.ACTIVE:
        raise CustomerInactive(id=customer.id, field=("input", "customerId"))
    if not lines:
        raise OrderEmpty(field=("input", "lines"))
    return [
        OrderPlaced(
            customer_id=customer.id,
            lines=tuple(lines),
            total=sum(line.quantity * line.unit_price for line in lines),
            currency=currency,
            shipping_address=shipping_address,
        )
    ]


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
    if isinstance(event, OrderPlaced):
        assert order is None
        return Order(
            id=id,
            version=1,
            customer_id=event.customer_id,
            status=Status.PLACED,
            lines=event.lines,
            total=event.total,
            currency=event.currency,
            shipping_address=event.shipping_address,
            shipment=None,
            cancellation_reason=None,
        )
    assert order is not None
    version = order.version + 1
    match event:
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


def _must_allow(order: Order, wanted: Status) -> None:
    if wanted not in NEXT[order.status]:
        raise OrderStatusConflict(id=order.id, status=order.status, attempt=wanted.lower(), field=("input", "orderId"))
