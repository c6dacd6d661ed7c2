"""Queries for orders, and the status changes of one."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, TypeGuard

from read_model.changes import Changes
from read_model.connection import Reader
from read_model.errors import OrderUnknown
from read_model.listings import Listing
from read_model.pages import Bound, Page, PageRequest, Range, empty_page
from read_model.rows import Parts, Row, Rows
from read_model.schema.changes import Change, OrderChanged
from read_model.schema.keys import Keys
from read_model.schema.orders import OrderRow
from read_model.subscription import Announced, Resync, Subscription, Tell
from write_model.contracts.ids import earliest_id, kind_of
from write_model.contracts.streams import partition_of

ORDERS: Final = Rows("ord", Keys.order, ("summary", "lines", "address", "shipment", "timeline"))


async def order(reader: Reader, id: str, parts: Parts | None = None) -> Row | None:
    """The order with the id, None where there is none; Unavailable. One round trip."""
    return await ORDERS.find(reader, id, parts)


async def orders(
    reader: Reader,
    *,
    page: PageRequest,
    customer_id: str | None = None,
    status: str | None = None,
    created_from: datetime | None = None,
    created_before: datetime | None = None,
    newest_first: bool = True,
    parts: Parts | None = None,
) -> Page[Row]:
    """The orders of all customers or of one, in any status or in one, by creation; BadCursor, Unavailable.

    Two round trips; one for an end of a whole list that is one partition's, as a customer's is. A cursor may be passed
    on with another filter or order: it names a moment.
    """
    if customer_id is not None and kind_of(customer_id) != "cus":
        return empty_page()
    listing = Listing(
        kind="order",
        rows=ORDERS,
        is_member=lambda member: kind_of(member) == "ord",
        sets=lambda keys: [keys.orders(customer_id=customer_id, status=status)],
        partitions=range(reader.partitions) if customer_id is None else (partition_of(customer_id, reader.partitions),),
        descending=newest_first,
        # Ids begin with the moment of their creation.
        within=Range(
            low=Bound(earliest_id("ord", created_from), inclusive=True) if created_from else None,
            high=Bound(earliest_id("ord", created_before), inclusive=False) if created_before else None,
        ),
    )
    return await listing.read(reader, page, parts)


@dataclass(slots=True)
class _Known:
    """What a subscriber knows of an order: the version, and the status that it had then."""

    version: int
    status: str | None = None

    def needs(self, change: Change) -> TypeGuard[OrderChanged]:
        return isinstance(change, OrderChanged) and change.is_status_change and change.version > self.version

    def take(self, change: OrderChanged) -> None:
        self.version, self.status = change.version, change.status

    def at_once(self, tell: Tell[OrderChanged], announced: Announced) -> bool:
        """Whether nothing is left to do about a change that came while the subscriber waited for one."""
        change = announced.change
        if not self.needs(change):
            return True
        if change.previous_status != self.status or not tell(change):
            return False
        self.take(change)
        return True


async def order_status_changes(
    reader: Reader,
    changes: Changes,
    order_id: str,
    after_version: int | None = None,
    tell: Tell[OrderChanged] | None = None,
) -> AsyncGenerator[OrderChanged, None]:
    """The order's status changes above the version, or from now on without one: in order, each once, without end.

    First those that the row's timeline has, then live ones; `tell` hears of those for which nobody has to be woken,
    and they are not yielded. OrderUnknown, SlowConsumer, Unavailable. Close it when done (contextlib.aclosing): it
    holds a subscription.
    """
    if kind_of(order_id) != "ord":
        raise OrderUnknown(id=order_id)
    # The feed comes first: whatever happens while the timeline is read is in one of them, or in both.
    async with changes.subscribe((partition_of(order_id, reader.partitions),), order_id) as feed:
        row = await _decoded(reader, order_id)
        if row is None:
            raise OrderUnknown(id=order_id)
        known = _Known(row.summary.version if after_version is None else after_version)
        news = _timeline(row)
        known.status = next((change.status for change in reversed(news) if change.version <= known.version), None)
        feed.at_once = partial(known.at_once, tell) if tell else None
        while True:
            for change in news:
                if change.version > known.version:
                    known.take(change)
                    yield change
            news = await _next_changes(reader, feed, order_id, known)


async def _next_changes(reader: Reader, feed: Subscription, order_id: str, known: _Known) -> list[OrderChanged]:
    """What the next item of the feed tells of an order."""
    item = await anext(feed)
    if isinstance(item, Resync):
        row = await feed.patiently(lambda: _decoded(reader, order_id))
        return _timeline(row) if row else []
    change = item.change
    if not known.needs(change):
        return []
    if change.previous_status == known.status:
        return [change]
    # Redis went back before we looked, and this was offered before it did: those between come again, with the row.
    while True:
        row = await feed.patiently(lambda: _decoded(reader, order_id))
        if row and row.summary.version >= change.version:
            return _timeline(row)
        await feed.pause()


async def _decoded(reader: Reader, id: str) -> OrderRow | None:
    row = await order(reader, id)
    return OrderRow.decode(row.texts) if row else None


def _timeline(row: OrderRow) -> list[OrderChanged]:
    order = row.summary
    return [OrderChanged(order.id, order.customer_id, *change) for change in row.timeline]
