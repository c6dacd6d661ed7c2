"""Orders as clients see them."""

from enum import Enum

import strawberry

from api.compiled.sources import made_of, shows, shows_part
from api.connections.types import Node
from api.context import Info
from api.fields import enum_value, field
from api.money import Money, money_at
from api.scalars import DateTime
from read_model.order_feed import Followed
from read_model.orders import order
from read_model.rows import Row
from read_model.schema.orders import AddressRow, LineRow, OrderSummary, ShipmentRow, StatusRow


@strawberry.enum(description="Where an order stands in its life.")
class OrderStatus(Enum):
    DRAFT = enum_value("DRAFT", "A basket: its items can be changed, and no stock is held for it.")
    PLACED = enum_value("PLACED", "Its prices are fixed and its stock is reserved; it waits to be confirmed.")
    CONFIRMED = enum_value("CONFIRMED", "The shop will deliver it.")
    SHIPPED = enum_value("SHIPPED", "It was handed to a carrier, and cannot be cancelled any more.")
    DELIVERED = enum_value("DELIVERED", "It has arrived. Nothing follows.")
    CANCELLED = enum_value("CANCELLED", "It was given up, and its stock returned. Nothing follows.")


@strawberry.enum(description="In which order orders are listed.")
class OrderOrder(Enum):
    NEWEST = enum_value("NEWEST", "Created last comes first.")
    OLDEST = enum_value("OLDEST", "Created first comes first.")


@strawberry.enum(description="Why an order was cancelled. Customers give CUSTOMER_REQUEST or OTHER.")
class CancellationReason(Enum):
    CUSTOMER_REQUEST = enum_value("CUSTOMER_REQUEST", "The customer does not want it any more.")
    PAYMENT_FAILED = enum_value("PAYMENT_FAILED", "It was not paid. For staff to give.")
    EXPIRED = enum_value("EXPIRED", "Not confirmed in time; the system cancels these by itself.")
    FRAUD = enum_value("FRAUD", "Somebody else ordered in the customer's name. For staff to give.")
    OTHER = enum_value("OTHER", "None of the others.")


@strawberry.input(description="Which orders: all conditions must hold, and what is left out or null asks nothing.")
class OrderFilter:
    customer_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="Orders of this customer. A customer who asks for another's gets an empty list.",
    )
    status: OrderStatus | None = strawberry.field(default=strawberry.UNSET, description="Orders in this status now.")
    created_from: DateTime | None = strawberry.field(
        default=strawberry.UNSET, description="Created at this moment or later."
    )
    created_before: DateTime | None = strawberry.field(
        default=strawberry.UNSET, description="Created before this moment, itself not included."
    )


@strawberry.type(description="The customer as the order shows them; follows the customer's profile.")
class OrderCustomer:
    id: strawberry.ID = strawberry.field(description="The customer: `customer(id:)` has the rest.")
    name: str = strawberry.field(description="Their name now; after a change of it, orders follow within moments.")


@shows_part(LineRow)
@strawberry.type(
    description=(
        "A line as it was when the order was placed; later changes of the product do not touch it.\n"
        "In a draft it shows the price of the moment it was added; submitting sets the prices of that moment."
    )
)
class OrderLine:
    product_id: strawberry.ID = strawberry.field(description="The product. An order has at most one line of each.")
    sku: str = strawberry.field(description="The product's SKU at that time.")
    name: str = strawberry.field(description="The product's name at that time.")
    quantity: int = strawberry.field(description="Units, 1 to 10,000.")
    unit_price: Money = strawberry.field(
        description="What one unit costs in this order.", metadata=money_at("unit_price")
    )
    line_total: Money = strawberry.field(description="`unitPrice` times `quantity`.", metadata=money_at("line_total"))


@shows_part(AddressRow)
@strawberry.type(description="Where an order goes.")
class Address:
    recipient: str = strawberry.field(description="Who receives it.")
    street: str = strawberry.field(description="Street and house number.")
    city: str = strawberry.field(description="The town.")
    postal_code: str = strawberry.field(description="The postal code, in the country's own form.")
    country_code: str = strawberry.field(description='ISO 3166-1 alpha-2, e.g. "DE".')


@shows_part(ShipmentRow)
@strawberry.type(description="How an order travels.")
class Shipment:
    carrier: str = strawberry.field(description="Who carries it.")
    tracking_number: str = strawberry.field(description="The carrier's number to follow it by.")
    shipped_at: DateTime = strawberry.field(description="When it was handed over.")


@shows_part(StatusRow, order_id="id")
@strawberry.type(description="One step in an order's life.")
class OrderStatusChange:
    order_id: strawberry.ID = strawberry.field(description="The order.")
    version: int = strawberry.field(description="The order's version at this change.")
    previous_status: OrderStatus | None = strawberry.field(
        description="The status before; null where the order began with this change."
    )
    status: OrderStatus = strawberry.field(description="The status from then on.")
    occurred_at: DateTime = strawberry.field(description="When it happened.")


@shows(OrderSummary, shipping_address="address")
@strawberry.type(description="An order, from basket to delivery; `OrderStatus` says what its life is.")
class Order(Node):
    version: int = strawberry.field(
        description="Grows with every change; pass it as `expectedVersion` to change what you saw."
    )
    status: OrderStatus = strawberry.field(description="Where it stands now.")
    customer: OrderCustomer = strawberry.field(
        description="Whose order it is.", metadata=made_of(id="customer_id", name="customer_name")
    )
    lines: list[OrderLine] = strawberry.field(
        description="What is ordered, a line a product, at most 100; empty in a new draft."
    )
    item_count: int = strawberry.field(description="Units over all lines.")
    total: Money = strawberry.field(description="The sum of all lines.", metadata=money_at("total"))
    shipping_address: Address | None = strawberry.field(
        description="Where it goes; null in a draft and in one that was given up."
    )
    shipment: Shipment | None = strawberry.field(description="How it travels; null until it is shipped.")
    cancellation_reason: CancellationReason | None = strawberry.field(
        description="Why it was cancelled; null unless it was."
    )
    created_at: DateTime = strawberry.field(description="When it was created: as a draft, or by placing it at once.")
    placed_at: DateTime | None = strawberry.field(
        description="When it was placed; null in a draft and in one that was given up."
    )
    updated_at: DateTime = strawberry.field(description="When it changed last.")
    timeline: list[OrderStatusChange] = strawberry.field(description="Every status the order has had, oldest first.")


@strawberry.type(description="A change of an order: a new status, or an edit of a draft, whose status stays DRAFT.")
class OrderChange:
    cursor: str = strawberry.field(description="Resume after this change by passing it as `after`.")
    order_id: strawberry.ID = strawberry.field(description="The order.")
    version: int = strawberry.field(description="The order's version at this change.")
    status: OrderStatus = strawberry.field(description="The order's status after this change.")

    @field("The order as the read model shows it now.", shows=Order | None)
    async def order(self, info: Info, parent: strawberry.Parent[Followed]) -> Row | None:
        return await order(info.context.reader, parent.order_id, info.parts)
