"""One customer, product or order as the contract shows it: plain JSON, every field."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.journeys.naive.shop import Command, Customer, Order, Product, Shop

Json = dict[str, Any]


def moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds") + "Z"


def money(amount: Decimal, currency: str) -> Json:
    return {"amount": f"{amount:.2f}", "currencyCode": currency}


def customer(shop: Shop, it: Customer) -> Json:
    """A customer; their orders are a list of their own."""
    orders = shop.orders_of(it.id)
    sold = [order for order in orders if order.is_sold]
    return {
        "id": it.id,
        "version": it.version,
        "name": it.name,
        "email": it.email,
        "status": it.status,
        "registeredAt": moment(it.registered_at),
        "orderCount": len(sold),
        "totalSpent": money(sum((order.total for order in sold), Decimal()), shop.currency),
        # That they ordered is not undone by a cancellation.
        "lastOrderAt": moment(max((order.placed_at for order in orders if order.placed_at), default=None)),
    }


def command(it: Command) -> Json:
    """A queued command and what became of it."""
    result_id, result_version = it.result or (None, None)
    return {
        "id": it.id,
        "name": it.name,
        "status": it.status,
        "queuedAt": moment(it.queued_at),
        "settledAt": moment(it.settled_at),
        "aggregateId": result_id,
        "version": result_version,
        "userErrors": [{name: refusal[name] for name in ("code", "message", "field")} for refusal in it.refusals],
    }


def product(shop: Shop, it: Product) -> Json:
    return {
        "id": it.id,
        "version": it.version,
        "sku": it.sku,
        "name": it.name,
        "description": it.description,
        "category": it.category,
        "price": money(it.price, it.currency),
        "available": it.delivered - shop.units_sold(it.id),
        "status": it.status,
        "addedAt": moment(it.added_at),
    }


def order(shop: Shop, it: Order) -> Json:
    return {
        "id": it.id,
        "version": it.version,
        "status": it.status,
        "customer": {"id": it.customer_id, "name": shop.customers[it.customer_id].name},
        "lines": [
            {
                "productId": line.product_id,
                "sku": line.sku,
                "name": line.name,
                "quantity": line.quantity,
                "unitPrice": money(line.unit_price, it.currency),
                "lineTotal": money(line.quantity * line.unit_price, it.currency),
            }
            for line in it.lines.values()
        ],
        "itemCount": it.units,
        "total": money(it.total, it.currency),
        "shippingAddress": it.address
        and {
            "recipient": it.address["recipient"],
            "street": it.address["street"],
            "city": it.address["city"],
            "postalCode": it.address["postal_code"],
            "countryCode": it.address["country_code"],
        },
        "shipment": it.shipment
        and {
            "carrier": it.shipment[0],
            "trackingNumber": it.shipment[1],
            "shippedAt": moment(it.shipment[2]),
        },
        "cancellationReason": it.reason,
        "createdAt": moment(it.created_at),
        "placedAt": moment(it.placed_at),
        "updatedAt": moment(it.updated_at),
        "timeline": [
            {
                "orderId": it.id,
                "version": change.version,
                "previousStatus": change.previous,
                "status": change.status,
                "occurredAt": moment(change.at),
            }
            for change in it.timeline
        ],
    }
