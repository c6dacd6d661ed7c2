"""Subscriptions to orders."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import strawberry
from strawberry import UNSET

from api.context import Info
from api.errors import check_id
from api.fields import subscription
from api.orders.queries import find_order
from api.orders.types import OrderStatusChange
from api.scalars import ConsistencyToken
from read_model.errors import OrderUnknown
from read_model.orders import order_status_changes


@strawberry.type
class OrderSubscriptions:
    # A coroutine that gives the generator, so that what is wrong with the request is said before anything streams.
    @subscription(
        "The order's status changes, in order, each once. Without `afterVersion`, those from now on; "
        "with it, first\n"
        "those that the client missed, then live ones: 0 starts at the beginning, and a client that reconnects\n"
        "with the last version it saw loses nothing."
    )
    async def order_status_changed(
        self,
        info: Info,
        order_id: strawberry.ID,
        after_version: int | None = UNSET,
        consistent_with: list[ConsistencyToken] | None = UNSET,
    ) -> AsyncGenerator[OrderStatusChange, None]:
        check_id(order_id, "ord")
        await info.context.consistent_with(consistent_with)
        if await find_order(info, order_id) is None:
            raise OrderUnknown(id=order_id)
        return _changes(info, order_id, None if after_version is UNSET else after_version)


async def _changes(info: Info, order_id: str, after_version: int | None) -> AsyncGenerator[OrderStatusChange, None]:
    read = info.context.services.read
    following = order_status_changes(read.reader, read.changes, order_id, after_version)
    async with aclosing(following) as changes:
        async for change in changes:
            yield OrderStatusChange.of(change.order_id, change)
