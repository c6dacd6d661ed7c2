"""Sales as clients see them."""

import datetime

import strawberry

from api.money import Money, money
from api.orders.types import OrderStatus
from read_model.sales import DaySales


@strawberry.type(
    description="What was sold on one day. An order counts on the day on which it was placed, unless it is cancelled."
)
class DailySales:
    date: datetime.date = strawberry.field(description="The day, midnight to midnight in UTC.")
    order_count: int = strawberry.field(description="Orders placed on that day, cancelled ones left out.")
    item_count: int = strawberry.field(description="Units in those orders.")
    revenue: Money = strawberry.field(description="Total of those orders.")

    @classmethod
    def of(cls, row: DaySales, currency: str) -> "DailySales":
        """The day as clients see it."""
        return cls(
            date=row.day,
            order_count=row.order_count,
            item_count=row.item_count,
            revenue=money(row.revenue, currency),
        )


@strawberry.type(description="How many orders are in one status now.")
class OrderCount:
    status: OrderStatus = strawberry.field(description="The status.")
    count: int = strawberry.field(description="Orders in it, of all customers; 0 where there is none.")
