"""Sales as clients see them."""

from datetime import date

import strawberry

from api.money import Money, money
from api.orders.types import OrderStatus
from read_model.sales import DaySales


@strawberry.type
class DailySales:
    date: date
    order_count: int
    item_count: int
    revenue: Money

    @classmethod
    def of(cls, row: DaySales, currency: str) -> "DailySales":
        """The day as clients see it."""
        return cls(
            date=row.day,
            order_count=row.order_count,
            item_count=row.item_count,
            revenue=money(row.revenue, currency),
        )


@strawberry.type
class OrderCount:
    status: OrderStatus
    count: int
