"""Queries for sales."""

from datetime import date
from typing import Annotated

import strawberry
from strawberry import UNSET

from api.arguments import ConsistentWith
from api.context import Info
from api.fields import field
from api.orders.types import OrderStatus
from api.sales.types import DailySales, OrderCount
from read_model.sales import order_counts, sales_by_day


@strawberry.type
class SalesQueries:
    @field("Staff only. Every day in the range, empty days included; at most 366 days.")
    async def sales_by_day(
        self,
        info: Info,
        from_: Annotated[date, strawberry.argument(name="from", description="The first day, in UTC.")],
        to: Annotated[date, strawberry.argument(description="The last day, itself included.")],
        consistent_with: ConsistentWith = UNSET,
    ) -> list[DailySales]:
        await info.context.consistent_with(consistent_with)
        read = info.context.services.read
        currency = read.settings.currency
        return [DailySales.of(day, currency) for day in await sales_by_day(info.context.reader, from_, to, currency)]

    @field("Staff only.")
    async def order_counts(self, info: Info, consistent_with: ConsistentWith = UNSET) -> list[OrderCount]:
        await info.context.consistent_with(consistent_with)
        counts = await order_counts(info.context.reader)
        return [OrderCount(status=OrderStatus(status), count=count) for status, count in counts.items()]
