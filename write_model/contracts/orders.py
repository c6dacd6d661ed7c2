"""What can have happened to an order. Each names the customer, whose totals it may change.

Prices are whole minor units of the order's currency; `unit_price` and `total` were fixed when it was placed.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from write_model.contracts.event import Event

CancellationReason = Literal["CUSTOMER_REQUEST", "PAYMENT_FAILED", "EXPIRED", "FRAUD", "OTHER"]


class Line(BaseModel):
    """Units of one product at one price."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    product_id: str
    sku: str
    name: str
    quantity: int
    unit_price: int


class ShippingAddress(BaseModel):
    """Where an order goes; `country_code` is ISO 3166-1 alpha-2."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    recipient: str
    street: str
    city: str
    postal_code: str
    country_code: str


class OrderPlaced(Event):
    customer_id: str
    lines: tuple[Line, ...]
    total: int
    currency: str
    shipping_address: ShippingAddress


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


OrderEvent = OrderPlaced | OrderConfirmed | OrderShipped | OrderDelivered | OrderCancelled
