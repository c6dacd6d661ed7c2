"""Order events, projected to the order's row, the lists of orders, the customer's totals and the feed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from projector.projections.customers import with_order, without_order
from projector.projections.sequence import is_news
from projector.rows import OpenOrder, Rows
from projector.unprojectable import Unprojectable
from projector.writes import Announce, Put, Rank, Unrank, Write
from read_model.schema import fragments
from read_model.schema.changes import OrderChanged
from read_model.schema.customers import CustomerRow
from read_model.schema.keys import Keys
from read_model.schema.orders import (
    AddressRow,
    LineRow,
    OrderSummary,
    ShipmentRow,
    StatusRow,
    append_status,
    encode_lines,
)
from write_model.contracts.codec import encode_time
from write_model.contracts.envelope import Envelope
from write_model.contracts.orders import (
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderEvent,
    OrderPlaced,
    OrderShipped,
)


def project(envelope: Envelope[OrderEvent], rows: Rows) -> Sequence[Write]:
    """The writes of an order's event. Duplicates are told by the order's version, for the customer's totals too."""
    id, event = envelope.aggregate_id, envelope.event
    row = rows.find(OpenOrder, id)
    if not is_news(envelope, row.summary.version if row else 0):
        return ()
    at = encode_time(envelope.occurred_at)
    if isinstance(event, OrderPlaced):
        if row is not None:
            raise Unprojectable(f"{id} was placed before")
        customer = rows.need(CustomerRow, event.customer_id)
        placed = _placed(id, envelope.version, event, customer.name, at)
        totals = with_order(customer, total=event.total, currency=event.currency, placed_at=at)
        return [
            *_moved(rows.keys, None, placed),
            Rank(rows.keys.orders(), id),
            Rank(rows.keys.orders(customer_id=event.customer_id), id),
            Put(customer.id, totals),
        ]
    row = rows.need(OpenOrder, id)
    match event:
        case OrderConfirmed():
            return _moved(rows.keys, row, _in_status(row, "CONFIRMED", envelope.version, at))
        case OrderShipped():
            shipment = fragments.join(ShipmentRow(event.carrier, event.tracking_number, at))
            shipped = _in_status(row, "SHIPPED", envelope.version, at)
            return _moved(rows.keys, row, replace(shipped, changed={**row.changed, "shipment": shipment}))
        case OrderDelivered():
            return _moved(rows.keys, row, _in_status(row, "DELIVERED", envelope.version, at))
        case OrderCancelled():
            cancelled = _in_status(row, "CANCELLED", envelope.version, at, reason=event.reason)
            customer = rows.need(CustomerRow, event.customer_id)
            totals = without_order(customer, total=row.summary.total)
            return [*_moved(rows.keys, row, cancelled), Put(customer.id, totals)]
        case _:
            assert_never(event)


def _placed(id: str, version: int, event: OrderPlaced, customer_name: str, at: str) -> OpenOrder:
    to = event.shipping_address
    lines = (
        LineRow(line.product_id, line.sku, line.name, line.quantity, line.unit_price, line.unit_price * line.quantity)
        for line in event.lines
    )
    return OpenOrder(
        OrderSummary(
            id=id,
            version=version,
            status="PLACED",
            customer_id=event.customer_id,
            customer_name=customer_name,
            item_count=sum(line.quantity for line in event.lines),
            total=event.total,
            currency=event.currency,
            cancellation_reason=None,
            created_at=at,
            placed_at=at,
            updated_at=at,
        ),
        timeline=append_status(b"", StatusRow(version, None, "PLACED", at)),
        changed={
            "lines": encode_lines(lines, event.currency),
            "address": fragments.join(AddressRow(to.recipient, to.street, to.city, to.postal_code, to.country_code)),
            "shipment": b"",
        },
    )


def _in_status(row: OpenOrder, status: str, version: int, at: str, *, reason: str | None = None) -> OpenOrder:
    before = row.summary
    return OpenOrder(
        replace(before, version=version, status=status, cancellation_reason=reason, updated_at=at),
        append_status(row.timeline, StatusRow(version, before.status, status, at)),
        row.changed,
    )


def _moved(keys: Keys, before: OpenOrder | None, row: OpenOrder) -> list[Write]:
    """The row, its place in the lists by status, and the notice of the change."""
    order, left = row.summary, before.summary.status if before else None
    id, customer_id, status = order.id, order.customer_id, order.status
    writes: list[Write] = [Put(id, row)]
    if left is not None:
        writes.append(Unrank(keys.orders(status=left), id))
        writes.append(Unrank(keys.orders(customer_id=customer_id, status=left), id))
    writes.append(Rank(keys.orders(status=status), id))
    writes.append(Rank(keys.orders(customer_id=customer_id, status=status), id))
    writes.append(Announce(OrderChanged(id, customer_id, order.version, left, status, order.updated_at)))
    return writes
