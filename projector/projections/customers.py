"""Customer events, projected to the customer's row."""

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from projector.projections.sequence import is_news
from projector.rows import Rows
from projector.unprojectable import Unprojectable
from projector.writes import Put, Write
from read_model.schema.customers import CustomerRow
from write_model.contracts.codec import encode_time
from write_model.contracts.customers import CustomerDeactivated, CustomerEvent, CustomerRegistered
from write_model.contracts.envelope import Envelope


def project(envelope: Envelope[CustomerEvent], rows: Rows) -> Sequence[Write]:
    """The writes of a customer's event."""
    id, event = envelope.aggregate_id, envelope.event
    row = rows.find(CustomerRow, id)
    if not is_news(envelope, row.version if row else 0):
        return ()
    match event:
        case CustomerRegistered():
            registered = CustomerRow(
                id=id,
                version=envelope.version,
                name=event.name,
                email=event.email,
                status="ACTIVE",
                registered_at=encode_time(envelope.occurred_at),
                order_count=0,
                total_spent=0,
                currency=rows.shop_currency,
                last_order_at=None,
            )
            return [Put(id, registered)]
        case CustomerDeactivated():
            row = rows.need(CustomerRow, id)
            return [Put(id, replace(row, version=envelope.version, status="DEACTIVATED"))]
        case _:
            assert_never(event)


def with_order(row: CustomerRow, *, total: int, currency: str, placed_at: str) -> CustomerRow:
    """The customer with one more order in their totals. The version is the customer's own and stays."""
    if row.order_count and currency != row.currency:
        raise Unprojectable(f"{row.id} has totals in {row.currency}, the order is in {currency}")
    return replace(
        row,
        order_count=row.order_count + 1,
        total_spent=row.total_spent + total,
        currency=currency,
        last_order_at=placed_at,
    )


def without_order(row: CustomerRow, *, total: int) -> CustomerRow:
    """The customer after one of their orders was cancelled; when they ordered last is not undone."""
    return replace(row, order_count=row.order_count - 1, total_spent=row.total_spent - total)
