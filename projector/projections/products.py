"""Product events, projected to the product's row, the catalogue's index and the feed."""

from collections.abc import Sequence
from typing import assert_never

from projector.projections.catalogue import listed, relisted
from projector.projections.sequence import is_news
from projector.rows import CATALOGUE, Rows
from projector.writes import Announce, Put, Write
from read_model.schema.catalogue import CatalogueRow
from read_model.schema.changes import ProductChanged
from read_model.schema.products import ProductRow
from write_model.contracts.codec import encode_time
from write_model.contracts.envelope import Envelope
from write_model.contracts.products import (
    ProductAdded,
    ProductDetailsUpdated,
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
    notice = Announce(ProductChanged(id, version))
    if isinstance(event, ProductAdded):
        catalogue = rows.find(CatalogueRow, CATALOGUE) or CatalogueRow(products=0)
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
            units_sold=0,
            number=catalogue.products,
        )
        counted = CatalogueRow(products=catalogue.products + 1)
        return [Put(id, added), Put(CATALOGUE, counted), *listed(rows.keys, added), notice]
    before = rows.need(ProductRow, id)
    row = _changed(before, event)._replace(version=version)
    return [Put(id, row), *relisted(rows.keys, before, row), notice]


def _changed(row: ProductRow, event: ProductEvent) -> ProductRow:
    """The product after the event, its version aside."""
    match event:
        case ProductDetailsUpdated():
            return row._replace(name=event.name, description=event.description, category=event.category)
        case ProductPriceChanged():
            return row._replace(price=event.price, currency=event.currency)
        case ProductRestocked():
            return row._replace(available=row.available + event.quantity)
        case StockReserved():
            return _sold(row, event.quantity)
        case StockReleased():
            return _sold(row, -event.quantity)
        case ProductDiscontinued():
            return row._replace(status="DISCONTINUED")
        case ProductAdded():
            raise ValueError("a product is added once")
        case _:
            assert_never(event)


def _sold(row: ProductRow, units: int) -> ProductRow:
    """Stock is reserved for orders only, and released where one is cancelled."""
    return row._replace(available=row.available - units, units_sold=row.units_sold + units)
