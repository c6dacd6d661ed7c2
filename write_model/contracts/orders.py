"""What can have happened to an order. Each names the customer, whose totals it may change.

Prices are whole minor units of the order's currency; `unit_price` and `total` were fixed when it was placed.
"""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from write_model.contracts.event import Event

CancellationReason = Literal["CUSTOMER_REQUEST", "PAYMENT_FAILED", "EXPIRED", "FRAUD", "OTHER"]


class Line(BaseModel):
    """Units of one product at one price."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)
    product_id: str
    sku: str
    name: str
    quantity: int
    unit_price: int


class ShippingAddress(BaseModel):
    """Where an order goes; `country_code` is ISO 3166-1 alpha-2."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)
    recipient: str
    street: str
    city: str
    postal_code: str
    country_code: str


class OrderCreated(Event):
    """An empty draft was opened."""

    customer_id: str
    currency: str


class OrderItemAdded(Event):
    """A draft got a line of a product that it did not have, at the price of the moment."""

    customer_id: str
    line: Line


class OrderItemQuantityChanged(Event):
    """A line of a draft has so many units from now on."""

    customer_id: str
    product_id: str
    quantity: int


class OrderItemRemoved(Event):
    customer_id: str
    product_id: str


class OrderPlaced(Event):
    """An order was placed at once, or a draft submitted: from now on its lines and prices are fixed.

    `confirm_by` (ISO 8601, UTC) is the moment from which the system cancels it unless it was confirmed; null: never.
    It came with version 2; orders of version 1 have no such moment.
    """

    schema_version: ClassVar[int] = 2
    customer_id: str
    lines: tuple[Line, ...]
    total: int
    currency: str
    shipping_address: ShippingAddress
    confirm_by: str | None = None


class OrderConfirmed(Event):
    customer_id: str


class OrderShipped(Event):
    customer_id: str
    carrier: str
    tracking_number: str


class OrderDelivered(Event):
    customer_id: str


class OrderCancelled(Event):
    customer_id: str
    reason: CancellationReason


OrderEvent = (
    OrderCreated
    | OrderItemAdded
    | OrderItemQuantityChanged
    | OrderItemRemoved
    | OrderPlaced
    | OrderConfirmed
    | OrderShipped
    | OrderDelivered
    | OrderCancelled
)
