"""Every event type with its projection and the rows that it touches: what the read model makes of the events.

The rows follow from the event alone, so that those of a whole batch are read in one round trip.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, get_args

from projector.projections import commands, customers, orders, products
from projector.rows import CATALOGUE, OpenOrder, RowId, Rows
from projector.unprojectable import Unprojectable
from projector.writes import Write
from read_model.schema.catalogue import CatalogueRow
from read_model.schema.commands import CommandRow
from read_model.schema.customers import CustomerRow
from read_model.schema.products import ProductRow
from write_model.contracts.commands import CommandEvent
from write_model.contracts.customers import CustomerEvent
from write_model.contracts.envelope import Envelope
from write_model.contracts.event import Event
from write_model.contracts.orders import OrderCancelled, OrderCreated, OrderEvent, OrderPlaced
from write_model.contracts.products import ProductAdded, ProductEvent


class Projection(NamedTuple):
    """What one event does to the read model; `touches` names every row that `project` may ask for."""

    touches: Callable[[Envelope[Any]], tuple[RowId, ...]]
    project: Callable[[Envelope[Any], Rows], Sequence[Write]]


def _customer(envelope: Envelope[CustomerEvent]) -> tuple[RowId, ...]:
    return ((CustomerRow, envelope.aggregate_id),)


def _product(envelope: Envelope[ProductEvent]) -> tuple[RowId, ...]:
    return ((ProductRow, envelope.aggregate_id),)


def _product_and_catalogue(envelope: Envelope[ProductEvent]) -> tuple[RowId, ...]:
    return ((ProductRow, envelope.aggregate_id), (CatalogueRow, CATALOGUE))


def _order(envelope: Envelope[OrderEvent]) -> tuple[RowId, ...]:
    return ((OpenOrder, envelope.aggregate_id),)


def _order_and_customer(envelope: Envelope[OrderEvent]) -> tuple[RowId, ...]:
    return ((OpenOrder, envelope.aggregate_id), (CustomerRow, envelope.event.customer_id))


def _command(envelope: Envelope[CommandEvent]) -> tuple[RowId, ...]:
    return ((CommandRow, envelope.aggregate_id),)


PROJECTIONS: Final[dict[type[Event], Projection]] = {
    **dict.fromkeys(get_args(CustomerEvent), Projection(_customer, customers.project)),
    **dict.fromkeys(get_args(ProductEvent), Projection(_product, products.project)),
    ProductAdded: Projection(_product_and_catalogue, products.project),
    **dict.fromkeys(get_args(OrderEvent), Projection(_order, orders.project)),
    **dict.fromkeys((OrderCreated, OrderPlaced, OrderCancelled), Projection(_order_and_customer, orders.project)),
    **dict.fromkeys(get_args(CommandEvent), Projection(_command, commands.project)),
}


def projection_of(event: Event) -> Projection:
    """The event's projection; Unprojectable where it has none."""
    try:
        return PROJECTIONS[type(event)]
    except KeyError:
        raise Unprojectable(f"{type(event).__name__} has no projection") from None
