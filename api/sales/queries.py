"""Queries for sales."""

from datetime import date
from typing import Annotated

import strawberry
from strawberry import UNSET

from api.context import Info
from api.fields import field
from api.orders.types import OrderStatus
from api.sales.types import DailySales, OrderCount
from api.scalars import ConsistencyToken
from read_model.sales import order_counts, sales_by_day


@strawberry.type
class SalesQueries:
    @field("Staff only. Every day in the range, empty days included; at most 366 days.")
    async def sales_by_day(
        self,
        info: Info,
        from_: Annotated[date, strawberry.argument(name="from")],
        to: date,
        consistent_with: list[ConsistencyToken] | None = UNSET,
    ) -> list[DailySales]:
        await info.context.consistent_with(consistent_with)
        read = info.context.services.read
        currency = read.settings.currency
        return [DailySales.of(day, currency) for day in await sales_by_day(read.reader, from_, to, currency)]

    @field("Staff only.")
    async def order_counts(
        self, info: Info, consistent_with: list[ConsistencyToken] | None = UNSET
    ) -> list[OrderCount]:
        await info.context.consistent_with(consistent_with)
        counts = await order_counts(info.context.services.read.reader)
        return [OrderCount(status=OrderStatus(status), count=count) for status, count in counts.items()]
