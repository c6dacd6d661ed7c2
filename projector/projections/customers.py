"""Customer events, projected to the customer's row, the lists that are searched, and the beginning of a rename."""

from collections.abc import Sequence
from typing import assert_never

from projector.projections.sequence import is_news
from projector.rows import Rows
from projector.unprojectable import Unprojectable
from projector.writes import Put, Rank, Unrank, Write
from read_model.schema.customers import CustomerRow
from read_model.schema.keys import Keys
from read_model.schema.names import beginnings_of, name_member, words_of
from write_model.contracts.codec import encode_time
from write_model.contracts.customers import (
    CustomerDeactivated,
    CustomerEvent,
    CustomerProfileUpdated,
    CustomerReactivated,
    CustomerRegistered,
)
from write_model.contracts.envelope import Envelope


def project(envelope: Envelope[CustomerEvent], rows: Rows) -> Sequence[Write]:
    """The writes of a customer's event."""
    id, version, event = envelope.aggregate_id, envelope.version, envelope.event
    row = rows.find(CustomerRow, id)
    if not is_news(envelope, row.version if row else 0):
        return ()
    if isinstance(event, CustomerRegistered):
        registered = CustomerRow(
            id=id,
            version=version,
            name=event.name,
            email=event.email,
            status="ACTIVE",
            registered_at=encode_time(envelope.occurred_at),
            order_count=0,
            total_spent=0,
            currency=rows.shop_currency,
            last_order_at=None,
        )
        return [Put(id, registered), *(Rank(*place) for place in _places(rows.keys, registered))]
    row = rows.need(CustomerRow, id)
    match event:
        case CustomerProfileUpdated():
            updated = row._replace(version=version, name=event.name, email=event.email)
            return _updated(rows.keys, row, updated)
        case CustomerDeactivated():
            return [Put(id, row._replace(version=version, status="DEACTIVATED"))]
        case CustomerReactivated():
            return [Put(id, row._replace(version=version, status="ACTIVE"))]
        case _:
            assert_never(event)


def _places(keys: Keys, row: CustomerRow) -> set[tuple[str, str]]:
    """Where searches find the customer: sets, and the member in each."""
    beginnings = beginnings_of(words_of(row.name, row.email))
    return {(keys.customers(beginning), name_member(row.name, row.id)) for beginning in ("", *beginnings)}


def _updated(keys: Keys, before: CustomerRow, row: CustomerRow) -> list[Write]:
    left, entered = _places(keys, before), _places(keys, row)
    writes: list[Write] = [Put(row.id, row)]
    writes += [Unrank(*place) for place in left - entered]
    writes += [Rank(*place) for place in entered - left]
    if row.name != before.name:
        # None of their orders shows it yet (renames.py).
        writes.append(Rank(keys.renames(), row.id, 0))
    return writes


def with_order(row: CustomerRow, *, total: int, currency: str, placed_at: str) -> CustomerRow:
    """The customer with one more order in their totals. The version is the customer's own and stays.

    Of two orders taken at once by two processes, the earlier may be committed last.
    """
    if row.order_count and currency != row.currency:
        raise Unprojectable(f"{row.id} has totals in {row.currency}, the order is in {currency}")
    return row._replace(
        order_count=row.order_count + 1,
        total_spent=row.total_spent + total,
        currency=currency,
        # An order that was parked comes after later ones, and one of another process may.
        last_order_at=max(row.last_order_at or placed_at, placed_at),
    )


def without_order(row: CustomerRow, *, total: int) -> CustomerRow:
    """The customer after one of their orders was cancelled; when they ordered last is not undone."""
    return row._replace(order_count=row.order_count - 1, total_spent=row.total_spent - total)
