"""Queries for orders."""

from datetime import datetime

import strawberry
from strawberry import UNSET

from api.arguments import After, Before, ConsistentWith, Filter, First, Last, OrderBy, OrderId
from api.connections.types import Connection, page_request
from api.context import Info
from api.errors import check_id
from api.fields import field
from api.orders.types import Order, OrderFilter, OrderOrder
from api.scalars import DateTime
from read_model.orders import order, orders
from read_model.pages import Page, empty_page
from read_model.rows import SUMMARY, Row
from read_model.schema.orders import OrderSummary


async def find_order(info: Info, id: str) -> Row | None:
    """The order, where there is one that the caller may see."""
    check_id(id, "ord")
    row, caller = await order(info.context.reader, id, info.parts), info.context.caller
    if row is None or caller.role == "staff" or caller.may_see(OrderSummary.decode(row.texts[SUMMARY]).customer_id):
        return row
    return None


@strawberry.type
class OrderQueries:
    @field("The order with this id; null where there is none, or where it is another customer's.", shows=Order | None)
    async def order(self, info: Info, id: OrderId, consistent_with: ConsistentWith = UNSET) -> Row | None:
        await info.context.consistent_with(consistent_with)
        return await find_order(info, id)

    @field("Newest first by default. A customer sees their own orders; staff see all.", shows=Connection[Order])
    async def orders(
        self,
        info: Info,
        filter: Filter[OrderFilter] = UNSET,
        order_by: OrderBy[OrderOrder] = OrderOrder.NEWEST,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
        consistent_with: ConsistentWith = UNSET,
    ) -> Page[Row]:
        page, wanted = page_request(first, after, last, before), filter or OrderFilter()
        asked = None if wanted.customer_id is UNSET else wanted.customer_id
        if asked is not None:
            check_id(asked, "cus")
        caller = info.context.caller
        customer_id = caller.customer_id if asked is None else asked
        await info.context.consistent_with(consistent_with)
        if customer_id and not caller.may_see(customer_id):
            return empty_page()
        return await orders(
            info.context.reader,
            page=page,
            customer_id=customer_id,
            status=wanted.status.value if wanted.status else None,
            created_from=_moment(wanted.created_from),
            created_before=_moment(wanted.created_before),
            newest_first=order_by is OrderOrder.NEWEST,
            parts=info.parts,
        )


def _moment(text: DateTime | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
