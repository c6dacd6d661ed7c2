"""Subscriptions to orders."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry
from strawberry import UNSET

from api.arguments import ConsistentWith, OrderId
from api.context import Info
from api.errors import Forbidden, check_id
from api.fields import subscription
from api.orders.queries import find_order
from api.orders.types import OrderChange, OrderStatus, OrderStatusChange
from read_model.errors import OrderUnknown
from read_model.order_feed import Followed, OrderFeed
from read_model.orders import order_status_changes
from read_model.schema.changes import OrderChanged


@strawberry.type
class OrderSubscriptions:
    # A coroutine that gives the generator, so that what is wrong with the request is said before anything streams.
    @subscription(
        "The order's status changes, in order, each once. Without `afterVersion`, those from now on; "
        "with it, first\n"
        "those that the client missed, then live ones: 0 starts at the beginning, and a client that reconnects\n"
        "with the last version it saw loses nothing.",
        shows=OrderStatusChange,
    )
    async def order_status_changed(
        self,
        info: Info,
        order_id: OrderId,
        after_version: Annotated[
            int | None,
            strawberry.argument(description="The last version that the client saw; 0 for all from the start."),
        ] = UNSET,
        consistent_with: ConsistentWith = UNSET,
    ) -> AsyncGenerator[OrderChanged, None]:
        check_id(order_id, "ord")
        await info.context.consistent_with(consistent_with)
        if await find_order(info, order_id) is None:
            raise OrderUnknown(id=order_id)
        return _changes(info, order_id, None if after_version is UNSET else after_version)

    @subscription(
        "Every change of the orders that the caller may see, or of one customer's, optionally only into the\n"
        "given statuses. Resumes after a `cursor` received earlier.",
        shows=OrderChange,
    )
    async def orders_changed(
        self,
        info: Info,
        customer_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(
                description="Only this customer's orders. Customers hear of their own, and may leave it out."
            ),
        ] = UNSET,
        statuses: Annotated[
            list[OrderStatus] | None,
            strawberry.argument(description="Only changes after which the order is in one of these; all where empty."),
        ] = UNSET,
        after: Annotated[
            str | None,
            strawberry.argument(
                description=(
                    "The `cursor` of the last change that the client saw: what it missed comes first. Without it,\n"
                    "changes from now on. One older than what is kept (10 minutes, unless set otherwise) is the\n"
                    "error `CURSOR_EXPIRED`."
                )
            ),
        ] = UNSET,
    ) -> AsyncGenerator[Followed, None]:
        caller, read = info.context.caller, info.context.services.read
        if customer_id is not UNSET and customer_id is not None:
            check_id(customer_id, "cus")
            if not caller.may_see(customer_id):
                raise Forbidden("Customers follow their own orders only.")
        feed = await OrderFeed.open(
            read.reader,
            read.changes,
            customer_id=customer_id or caller.customer_id,
            statuses=[status.value for status in statuses or ()],
            after=None if after is UNSET else after,
        )
        return _order_changes(info, feed)


async def _changes(info: Info, order_id: str, after_version: int | None) -> AsyncGenerator[OrderChanged, None]:
    context, read = info.context, info.context.services.read
    following = order_status_changes(context.reader, read.changes, order_id, after_version, context.tell)
    async with aclosing(following) as changes:
        async for change in changes:
            yield change


async def _order_changes(info: Info, feed: OrderFeed) -> AsyncGenerator[Followed, None]:
    async with aclosing(feed.follow(info.context.tell)) as changes:
        async for followed in changes:
            yield followed
