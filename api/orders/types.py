"""Orders as clients see them."""

from enum import Enum

import strawberry

from api.connections.types import Node
from api.context import Info
from api.fields import field
from api.money import Money, money
from api.scalars import DateTime
from read_model.order_feed import Followed
from read_model.orders import order
from read_model.schema.changes import OrderChanged
from read_model.schema.orders import AddressRow, LineRow, OrderRow, ShipmentRow, StatusRow


@strawberry.enum
class OrderStatus(Enum):
    DRAFT = "DRAFT"
    PLACED = "PLACED"
    CONFIRMED = "CONFIRMED"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    CANCELLED = "CANCELLED"


@strawberry.enum
class OrderOrder(Enum):
    NEWEST = "NEWEST"
    OLDEST = "OLDEST"


@strawberry.enum
class CancellationReason(Enum):
    CUSTOMER_REQUEST = "CUSTOMER_REQUEST"
    PAYMENT_FAILED = "PAYMENT_FAILED"
    EXPIRED = strawberry.enum_value("EXPIRED", description="Not confirmed in time; the system cancels these by itself.")
    FRAUD = "FRAUD"
    OTHER = "OTHER"


@strawberry.input
class OrderFilter:
    customer_id: strawberry.ID | None = strawberry.UNSET
    status: OrderStatus | None = strawberry.UNSET
    created_from: DateTime | None = strawberry.UNSET
    created_before: DateTime | None = strawberry.UNSET


@strawberry.type(description="The customer as the order shows them; follows the customer's profile.")
class OrderCustomer:
    id: strawberry.ID
    name: str


@strawberry.type(
    description=(
        "A line as it was when the order was placed; later changes of the product do not touch it.\n"
        "In a draft it shows the price of the moment it was added; submitting sets the prices of that moment."
    )
)
class OrderLine:
    product_id: strawberry.ID
    sku: str
    name: str
    quantity: int
    unit_price: Money
    line_total: Money

    @classmethod
    def of(cls, row: LineRow, currency: str) -> "OrderLine":
        """The line as clients see it."""
        return cls(
            product_id=strawberry.ID(row.product_id),
            sku=row.sku,
            name=row.name,
            quantity=row.quantity,
            unit_price=money(row.unit_price, currency),
            line_total=money(row.line_total, currency),
        )


@strawberry.type
class Address:
    recipient: str
    street: str
    city: str
    postal_code: str
    country_code: str

    @classmethod
    def of(cls, row: AddressRow) -> "Address":
        """The address as clients see it."""
        return cls(**row._asdict())


@strawberry.type
class Shipment:
    carrier: str
    tracking_number: str
    shipped_at: DateTime

    @classmethod
    def of(cls, row: ShipmentRow) -> "Shipment":
        """The shipment as clients see it."""
        return cls(carrier=row.carrier, tracking_number=row.tracking_number, shipped_at=DateTime(row.shipped_at))


@strawberry.type
class OrderStatusChange:
    order_id: strawberry.ID
    version: int = strawberry.field(description="The order's version at this change.")
    previous_status: OrderStatus | None
    status: OrderStatus
    occurred_at: DateTime

    @classmethod
    def of(cls, order_id: str, change: StatusRow | OrderChanged) -> "OrderStatusChange":
        """The change as clients see it."""
        return cls(
            order_id=strawberry.ID(order_id),
            version=change.version,
            previous_status=OrderStatus(change.previous_status) if change.previous_status else None,
            status=OrderStatus(change.status),
            occurred_at=DateTime(change.occurred_at),
        )


@strawberry.type
class Order(Node):
    version: int
    status: OrderStatus
    customer: OrderCustomer
    lines: list[OrderLine]
    item_count: int = strawberry.field(description="Units over all lines.")
    total: Money
    shipping_address: Address | None
    shipment: Shipment | None
    cancellation_reason: CancellationReason | None
    created_at: DateTime
    placed_at: DateTime | None
    updated_at: DateTime
    timeline: list[OrderStatusChange] = strawberry.field(description="Every status the order has had, oldest first.")

    @classmethod
    def of(cls, row: OrderRow) -> "Order":
        """The order as clients see it."""
        summary = row.summary
        reason = summary.cancellation_reason
        return cls(
            id=strawberry.ID(summary.id),
            version=summary.version,
            status=OrderStatus(summary.status),
            customer=OrderCustomer(id=strawberry.ID(summary.customer_id), name=summary.customer_name),
            lines=[OrderLine.of(line, summary.currency) for line in row.lines],
            item_count=summary.item_count,
            total=money(summary.total, summary.currency),
            shipping_address=Address.of(row.address) if row.address else None,
            shipment=Shipment.of(row.shipment) if row.shipment else None,
            cancellation_reason=CancellationReason(reason) if reason else None,
            created_at=DateTime(summary.created_at),
            placed_at=DateTime(summary.placed_at) if summary.placed_at else None,
            updated_at=DateTime(summary.updated_at),
            timeline=[OrderStatusChange.of(summary.id, change) for change in row.timeline],
        )


@strawberry.type
class OrderChange:
    cursor: str = strawberry.field(description="Resume after this change by passing it as `after`.")
    order_id: strawberry.ID
    version: int
    status: OrderStatus

    @field("The order as the read model shows it now.")
    async def order(self, info: Info) -> Order | None:
        row = await order(info.context.services.read.reader, self.order_id)
        return Order.of(row) if row else None

    @classmethod
    def of(cls, followed: Followed) -> "OrderChange":
        """The change as clients see it."""
        change = followed.change
        return cls(
            cursor=followed.cursor,
            order_id=strawberry.ID(change.order_id),
            version=change.version,
            status=OrderStatus(change.status),
        )
