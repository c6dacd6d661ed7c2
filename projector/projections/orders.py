"""Order events, projected to the order's row, the lists of orders, the totals of customer and day, and the feed."""

from collections.abc import Iterable, Sequence
from typing import assert_never

from projector.projections import sales
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
    decode_lines,
    encode_lines,
)
from write_model.contracts.codec import encode_time
from write_model.contracts.envelope import Envelope
from write_model.contracts.orders import (
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
)


def project(envelope: Envelope[OrderEvent], rows: Rows) -> Sequence[Write]:
    """The writes of an order's event. Duplicates are told by the order's version, for all totals too."""
    id, version, event = envelope.aggregate_id, envelope.version, envelope.event
    row = rows.find(OpenOrder, id)
    if not is_news(envelope, row.summary.version if row else 0):
        return ()
    at = encode_time(envelope.occurred_at)
    if isinstance(event, OrderCreated):
        return _moved(rows.keys, row, _drafted(id, event, rows.need(CustomerRow, event.customer_id).name, at))
    if isinstance(event, OrderPlaced):
        return _project_placed(envelope, event, row, rows, at)
    row = rows.need(OpenOrder, id)
    match event:
        case OrderItemAdded():
            return _edited(row, (*decode_lines(row.lines), _line_row(event.line)), version, at)
        case OrderItemQuantityChanged():
            changed = (
                line._replace(quantity=event.quantity, line_total=event.quantity * line.unit_price)
                if line.product_id == event.product_id
                else line
                for line in decode_lines(row.lines)
            )
            return _edited(row, changed, version, at)
        case OrderItemRemoved():
            rest = (line for line in decode_lines(row.lines) if line.product_id != event.product_id)
            return _edited(row, rest, version, at)
        case OrderConfirmed():
            return _moved(rows.keys, row, _in_status(row, "CONFIRMED", version, at))
        case OrderShipped():
            shipment = fragments.join(ShipmentRow(event.carrier, event.tracking_number, at))
            shipped = _in_status(row, "SHIPPED", version, at)
            return _moved(rows.keys, row, shipped._replace(changed={**row.changed, "shipment": shipment}))
        case OrderDelivered():
            return _moved(rows.keys, row, _in_status(row, "DELIVERED", version, at))
        case OrderCancelled():
            return _project_cancelled(event, row, rows, version, at)
        case _:
            assert_never(event)


def _project_placed(
    envelope: Envelope[OrderEvent], event: OrderPlaced, draft: OpenOrder | None, rows: Rows, at: str
) -> list[Write]:
    if draft and draft.summary.status != "DRAFT":
        raise Unprojectable(f"{envelope.aggregate_id} was placed before")
    customer = rows.need(CustomerRow, event.customer_id)
    placed = _placed(envelope.aggregate_id, envelope.version, event, draft, customer.name, at)
    totals = with_order(customer, total=event.total, currency=event.currency, placed_at=at)
    return [
        *_moved(rows.keys, draft, placed),
        Put(customer.id, totals),
        *sales.entered(rows.keys, placed.summary, at),
    ]


def _project_cancelled(event: OrderCancelled, row: OpenOrder, rows: Rows, version: int, at: str) -> list[Write]:
    cancelled, placed_at = _in_status(row, "CANCELLED", version, at, reason=event.reason), row.summary.placed_at
    writes = _moved(rows.keys, row, cancelled)
    # A draft that is given up never entered a total.
    if placed_at is not None:
        customer = rows.need(CustomerRow, event.customer_id)
        writes.append(Put(customer.id, without_order(customer, total=row.summary.total)))
        writes += sales.left(rows.keys, row.summary, placed_at)
    return writes


def _drafted(id: str, event: OrderCreated, customer_name: str, at: str) -> OpenOrder:
    return OpenOrder(
        OrderSummary(
            id=id,
            version=1,
            status="DRAFT",
            customer_id=event.customer_id,
            customer_name=customer_name,
            item_count=0,
            total=0,
            currency=event.currency,
            cancellation_reason=None,
            created_at=at,
            placed_at=None,
            updated_at=at,
        ),
        timeline=append_status(b"", StatusRow(1, None, "DRAFT", at)),
        lines=b"",
        changed={"lines": b"", "address": b"", "shipment": b""},
    )


def _placed(
    id: str, version: int, event: OrderPlaced, draft: OpenOrder | None, customer_name: str, at: str
) -> OpenOrder:
    to, lines = event.shipping_address, encode_lines(map(_line_row, event.lines), event.currency)
    change = StatusRow(version, draft.summary.status if draft else None, "PLACED", at)
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
            created_at=draft.summary.created_at if draft else at,
            placed_at=at,
            updated_at=at,
        ),
        timeline=append_status(draft.timeline if draft else b"", change),
        lines=lines,
        changed={
            "lines": lines,
            "address": fragments.join(AddressRow(to.recipient, to.street, to.city, to.postal_code, to.country_code)),
            "shipment": b"",
        },
    )


def _line_row(line: Line) -> LineRow:
    return LineRow(
        line.product_id, line.sku, line.name, line.quantity, line.unit_price, line.unit_price * line.quantity
    )


def _edited(row: OpenOrder, lines: Iterable[LineRow], version: int, at: str) -> list[Write]:
    """The draft with these lines. Its status stays, and so does its place in the lists."""
    lines, before = tuple(lines), row.summary
    text = encode_lines(lines, before.currency)
    summary = before._replace(
        version=version,
        item_count=sum(line.quantity for line in lines),
        total=sum(line.line_total for line in lines),
        updated_at=at,
    )
    change = OrderChanged(before.id, before.customer_id, version, before.status, before.status, at)
    return [
        Put(before.id, OpenOrder(summary, row.timeline, text, {**row.changed, "lines": text})),
        Announce(change),
    ]


def _in_status(row: OpenOrder, status: str, version: int, at: str, *, reason: str | None = None) -> OpenOrder:
    before = row.summary
    return row._replace(
        summary=before._replace(version=version, status=status, cancellation_reason=reason, updated_at=at),
        timeline=append_status(row.timeline, StatusRow(version, before.status, status, at)),
    )


def _moved(keys: Keys, before: OpenOrder | None, row: OpenOrder) -> list[Write]:
    """The row, its place in the lists, and the notice of the change."""
    order, left = row.summary, before.summary.status if before else None
    id, customer_id, status = order.id, order.customer_id, order.status
    writes: list[Write] = [Put(id, row)]
    if left is None:
        writes += [Rank(keys.orders(), id), Rank(keys.orders(customer_id=customer_id), id)]
    else:
        writes += [
            Unrank(keys.orders(status=left), id),
            Unrank(keys.orders(customer_id=customer_id, status=left), id),
        ]
    return [
        *writes,
        Rank(keys.orders(status=status), id),
        Rank(keys.orders(customer_id=customer_id, status=status), id),
        Announce(OrderChanged(id, customer_id, order.version, left, status, order.updated_at)),
    ]
