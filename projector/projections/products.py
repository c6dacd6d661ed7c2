"""Product events, projected to the product's row and the catalogue's order by name."""

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from projector.projections.sequence import is_news
from projector.rows import Rows
from projector.writes import Put, Rank, Unrank, Write
from read_model.schema.products import ProductRow, name_member
from write_model.contracts.codec import encode_time
from write_model.contracts.envelope import Envelope
from write_model.contracts.products import (
    ProductAdded,
    ProductDiscontinued,
    ProductEvent,
    ProductPriceChanged,
    ProductRestocked,
    StockReleased,
    StockReserved,
)


def project(envelope: Envelope[ProductEvent], rows: Rows) -> Sequence[Write]:
    """The writes of a product's event."""
    id, version, event = envelope.aggregate_id, envelope.version, envelope.event
    row = rows.find(ProductRow, id)
    if not is_news(envelope, row.version if row else 0):
        return ()
    if isinstance(event, ProductAdded):
        added = ProductRow(
            id=id,
            version=version,
            sku=event.sku,
            name=event.name,
            description=event.description,
            category=event.category,
            price=event.price,
            currency=event.currency,
            available=event.stock,
            status="ACTIVE",
            added_at=encode_time(envelope.occurred_at),
        )
        return [Put(id, added), Rank(rows.keys.products_by_name(), name_member(added.name, id))]
    row = rows.need(ProductRow, id)
    match event:
        case ProductPriceChanged():
            return [Put(id, replace(row, version=version, price=event.price, currency=event.currency))]
        case ProductRestocked() | StockReleased():
            return [Put(id, replace(row, version=version, available=row.available + event.quantity))]
        case StockReserved():
            return [Put(id, replace(row, version=version, available=row.available - event.quantity))]
        case ProductDiscontinued():
            return [
                Put(id, replace(row, version=version, status="DISCONTINUED")),
                Unrank(rows.keys.products_by_name(), name_member(row.name, id)),
            ]
        case _:
            assert_never(event)
