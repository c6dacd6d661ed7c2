"""Customers as clients see them."""

from enum import Enum

import strawberry
from strawberry import UNSET

from api.arguments import After, Before, Filter, First, Last, OrderBy
from api.compiled.sources import shows
from api.connections.types import Connection, Node, page_request
from api.context import Info
from api.fields import enum_value, field
from api.money import Money, money_at
from api.orders.types import Order, OrderOrder, OrderStatus
from api.scalars import DateTime
from read_model.orders import orders
from read_model.pages import Page
from read_model.rows import Row
from read_model.schema.customers import CustomerRow


@strawberry.enum(description="Whether a customer may order.")
class CustomerStatus(Enum):
    ACTIVE = enum_value("ACTIVE", "They may order.")
    DEACTIVATED = enum_value(
        "DEACTIVATED", "They may not place orders nor open baskets; orders that they placed before go on."
    )


@strawberry.input(description="Which of the customer's orders.")
class CustomerOrderFilter:
    status: OrderStatus | None = strawberry.field(
        default=UNSET,
        description="Only orders in this status; in every status, drafts included, where it is left out or null.",
    )


@shows(CustomerRow)
@strawberry.type(description="A customer with their profile and what they ordered.")
class Customer(Node):
    version: int = strawberry.field(
        description="Grows with every change of profile or status: pass it as `expectedVersion` to change what you saw."
    )
    name: str = strawberry.field(description="The name, 1 to 200 characters.")
    email: str = strawberry.field(
        description="The e-mail address, of which no two customers have the same, whatever its case."
    )
    status: CustomerStatus = strawberry.field(description="Whether they may order.")
    registered_at: DateTime = strawberry.field(description="When they were registered.")
    order_count: int = strawberry.field(description="Placed orders, cancelled ones left out.")
    total_spent: Money = strawberry.field(description="Total of those orders.", metadata=money_at("total_spent"))
    last_order_at: DateTime | None = strawberry.field(
        description="When they placed an order last, cancelled or not; null before the first."
    )

    @field("The customer's own orders, drafts included, newest first by default.", shows=Connection[Order])
    async def orders(
        self,
        parent: strawberry.Parent[Row],
        info: Info,
        filter: Filter[CustomerOrderFilter] = UNSET,
        order_by: OrderBy[OrderOrder] = OrderOrder.NEWEST,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Page[Row]:
        return await orders(
            info.context.reader,
            page=page_request(first, after, last, before),
            customer_id=parent.id,
            status=filter.status.value if filter and filter.status else None,
            newest_first=order_by is OrderOrder.NEWEST,
            parts=info.parts,
        )
