"""A shop small enough to know by heart."""

from datetime import UTC, datetime
from typing import Any

from tests.write_model.specification import Happened, happened, predictable
from write_model.actor import Actor
from write_model.contracts.customers import CustomerDeactivated, CustomerRegistered
from write_model.contracts.ids import CATALOGUE_SLOT, new_id
from write_model.contracts.orders import (
    Line,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderPlaced,
    OrderShipped,
    ShippingAddress,
)
from write_model.contracts.products import ProductAdded, ProductDiscontinued
from write_model.customers.document import CUSTOMERS
from write_model.orders.document import ORDERS
from write_model.orders.place_order import PlaceOrder
from write_model.products.document import PRODUCTS

_EARLIER = datetime(2026, 11, 1, tzinfo=UTC)
_entropy = predictable()

ADA = new_id("cus", 7, _EARLIER, _entropy)
BOB = new_id("cus", 8, _EARLIER, _entropy)
TEA = new_id("prd", CATALOGUE_SLOT, _EARLIER, _entropy)
POT = new_id("prd", CATALOGUE_SLOT, _EARLIER, _entropy)
ORDER = new_id("ord", 7, _EARLIER, _entropy)
ABSENT = {kind: new_id(kind, 9, _EARLIER, _entropy) for kind in ("cus", "prd", "ord")}

AS_ADA = Actor("customer", "ada", ADA)
AS_BOB = Actor("customer", "bob", BOB)

ADDRESS = {
    "recipient": "Ada Lovelace", "street": "St James's Square 12", "city": "London", "postalCode": "SW1Y 4JH",
    "countryCode": "GB",
}  # fmt: skip
SHIPPING_ADDRESS = ShippingAddress(
    recipient="Ada Lovelace", street="St James's Square 12", city="London", postal_code="SW1Y 4JH", country_code="GB"
)


def tea(stock: int = 10) -> list[Happened]:
    added = ProductAdded(
        sku="TEA-1", name="Green tea", description="", category="Tea", price=450, currency="EUR", stock=stock
    )
    return happened(PRODUCTS, TEA, added)


def pot(stock: int = 10) -> list[Happened]:
    added = ProductAdded(
        sku="POT-1", name="Tea pot", description="", category="Ware", price=2_500, currency="EUR", stock=stock
    )
    return happened(PRODUCTS, POT, added)


ada = happened(CUSTOMERS, ADA, CustomerRegistered(name="Ada", email="ada@example.com"))
bob = happened(CUSTOMERS, BOB, CustomerRegistered(name="Bob", email="bob@example.com"))
ada_left = happened(CUSTOMERS, ADA, CustomerDeactivated())
tea_ended = happened(PRODUCTS, TEA, ProductDiscontinued())

LINE = Line(product_id=TEA, sku="TEA-1", name="Green tea", quantity=2, unit_price=450)
placed = happened(
    ORDERS,
    ORDER,
    OrderPlaced(customer_id=ADA, lines=(LINE,), total=900, currency="EUR", shipping_address=SHIPPING_ADDRESS),
)
confirmed = happened(ORDERS, ORDER, OrderConfirmed(customer_id=ADA))
shipped = happened(ORDERS, ORDER, OrderShipped(customer_id=ADA, carrier="DHL", tracking_number="T-1"))
delivered = happened(ORDERS, ORDER, OrderDelivered(customer_id=ADA))
cancelled = happened(ORDERS, ORDER, OrderCancelled(customer_id=ADA, reason="CUSTOMER_REQUEST"))


def place(*lines: tuple[str, int], customer: str = ADA) -> PlaceOrder:
    """The command, as the API builds it."""
    fields: dict[str, Any] = {
        "customerId": customer,
        "lines": [{"productId": product, "quantity": quantity} for product, quantity in lines],
        "shippingAddress": ADDRESS,
    }
    return PlaceOrder.model_validate(fields)
