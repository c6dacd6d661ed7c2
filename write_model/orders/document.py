"""How an order is stored: one document, the state."""

from collections.abc import Mapping
from typing import Any

from write_model.contracts.orders import Line, ShippingAddress
from write_model.orders.lifecycle import Status
from write_model.orders.order import Order, OrderNotFound, Shipment, evolve
from write_model.ports import Aggregate


def to_document(order: Order) -> dict[str, Any]:
    """The document of the state."""
    shipment = order.shipment
    return {
        "_id": order.id,
        "version": order.version,
        "customer_id": order.customer_id,
        "status": order.status.value,
        "lines": [line.model_dump() for line in order.lines],
        "total": order.total,
        "currency": order.currency,
        "shipping_address": order.shipping_address and order.shipping_address.model_dump(),
        "shipment": shipment and {"carrier": shipment.carrier, "tracking_number": shipment.tracking_number},
        "cancellation_reason": order.cancellation_reason,
        "confirm_by": order.confirm_by,
    }


def from_document(document: Mapping[str, Any]) -> Order:
    """The state in its document."""
    address, shipment = document["shipping_address"], document["shipment"]
    return Order(
        id=document["_id"],
        version=document["version"],
        customer_id=document["customer_id"],
        status=Status(document["status"]),
        lines=tuple(Line.model_validate(line) for line in document["lines"]),
        total=document["total"],
        currency=document["currency"],
        shipping_address=address and ShippingAddress.model_validate(address),
        shipment=shipment and Shipment(**shipment),
        cancellation_reason=document["cancellation_reason"],
        confirm_by=document.get("confirm_by"),
    )


ORDERS: Aggregate[Order] = Aggregate(
    kind="ord",
    collection="orders",
    evolve=evolve,
    to_document=to_document,
    from_document=from_document,
    missing=OrderNotFound,
    visible_to=lambda order, actor: actor.may_act_for(order.customer_id),
    taken={},
    found_by=[("status", "confirm_by")],
)
