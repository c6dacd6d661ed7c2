"""Customers as clients see them."""

from enum import Enum

import strawberry
from strawberry import UNSET

from api.connections.types import Connection, Node, page_request
from api.context import Info
from api.money import Money, money
from api.orders.types import Order, OrderOrder, OrderStatus
from api.scalars import DateTime
from read_model.orders import orders
from read_model.schema.customers import CustomerRow


@strawberry.enum
class CustomerStatus(Enum):
    ACTIVE = "ACTIVE"
    DEACTIVATED = "DEACTIVATED"


@strawberry.input
class CustomerOrderFilter:
    status: OrderStatus | None = UNSET


@strawberry.type
class Customer(Node):
    version: int
    name: str
    email: str
    status: CustomerStatus
    registered_at: DateTime
    order_count: int = strawberry.field(description="Placed orders, cancelled ones left out.")
    total_spent: Money = strawberry.field(description="Total of those orders.")
    last_order_at: DateTime | None

    @strawberry.field
    async def orders(
        self,
        info: Info,
        filter: CustomerOrderFilter | None = UNSET,
        order_by: OrderOrder = OrderOrder.NEWEST,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[Order]:
        page = await orders(
            info.context.services.read.reader,
            page=page_request(first, after, last, before),
            customer_id=self.id,
            status=filter.status.value if filter and filter.status else None,
            newest_first=order_by is OrderOrder.NEWEST,
        )
        return Connection.of(page, Order.of)

    @classmethod
    def of(cls, row: CustomerRow) -> "Customer":
        """The customer as clients see them."""
        return cls(
            id=strawberry.ID(row.id),
            version=row.version,
            name=row.name,
            email=row.email,
            status=CustomerStatus(row.status),
            registered_at=DateTime(row.registered_at),
            order_count=row.order_count,
            total_spent=money(row.total_spent, row.currency),
            last_order_at=DateTime(row.last_order_at) if row.last_order_at else None,
        )
