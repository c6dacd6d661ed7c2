"""The query for the history of an order: what happened to it, beside what it is."""

from dataclasses import dataclass

from read_model.connection import Reader
from read_model.errors import BadCursor
from read_model.multiplexed import Command
from read_model.orders import ORDERS
from read_model.pages import Page, PageRequest
from read_model.rows import SUMMARY, Row
from read_model.schema.history import Remembered, decode
from read_model.schema.keys import Keys
from read_model.schema.orders import OrderSummary
from write_model.contracts.envelope import event_id
from write_model.contracts.ids import kind_of
from write_model.contracts.streams import partition_of


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of an order."""

    order_id: str
    remembered: Remembered

    @property
    def id(self) -> str:
        """The event's own."""
        return event_id(self.order_id, self.remembered.version)


@dataclass(frozen=True, slots=True)
class OrderHistory:
    """A page of an order's events, oldest first, beside its row; what comes while both are read may be in one only."""

    order: Row
    page: Page[Happened]
    """Its cursors are versions."""
    is_whole: bool
    """Whether it has the order's first event."""


async def order_history(reader: Reader, id: str, page: PageRequest) -> OrderHistory | None:
    """The order's events, forward only; None where there is no such order. BadCursor, Unavailable. One round trip."""
    if kind_of(id) != "ord":
        return None
    if page.after is not None and not (page.after.isascii() and page.after.isdecimal() and len(page.after) < 16):
        raise BadCursor(argument="after")
    after, partition = int(page.after or 0), partition_of(id, reader.partitions)

    def asked(keys: Keys) -> list[Command]:
        return [("HMGET", keys.order(id), *ORDERS.parts), ("LRANGE", keys.order_history(id), 0, -1)]

    values, elements = (await reader.read({partition: asked}))[partition]
    if values[0] is None:
        return None
    order = Row("ord", dict(zip(ORDERS.parts, values, strict=True)))
    summary = OrderSummary.decode(order.texts[SUMMARY])
    # Versions follow each other without a gap; and the list may be a step ahead of the row.
    first = _decoded(elements[0], summary.customer_id).version if elements else summary.version + 1
    skipped = max(0, after + 1 - first)
    shown = elements[skipped : skipped + page.size]
    events = tuple(Happened(id, _decoded(element, summary.customer_id)) for element in shown)
    history = Page(
        events,
        lambda place: str(events[place].remembered.version),
        has_next=skipped + len(shown) < len(elements),
        has_previous=skipped > 0,
        total_count=len(elements),
    )
    return OrderHistory(order, history, is_whole=first == 1)


def _decoded(element: str, customer_id: str) -> Remembered:
    return decode(element.encode(errors="surrogateescape"), customer_id)
