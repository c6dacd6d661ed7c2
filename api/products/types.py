"""Products as clients see them."""

from decimal import Decimal
from enum import Enum

import strawberry
from strawberry import UNSET

from api.compiled.sources import shows
from api.connections.types import Node
from api.fields import enum_value
from api.money import Money, money_at
from api.scalars import DateTime
from read_model.schema.products import ProductRow


@strawberry.enum(description="Whether a product can be ordered.")
class ProductStatus(Enum):
    ACTIVE = enum_value("ACTIVE", "It can be ordered while there is stock.")
    DISCONTINUED = enum_value(
        "DISCONTINUED", "It cannot be ordered any more. It stays readable, and orders that have it go on."
    )


@strawberry.enum(description="In which order products are listed.")
class ProductOrder(Enum):
    NAME = enum_value("NAME", "By name, A to Z; case and accents make no difference.")
    NEWEST = enum_value("NEWEST", "Added last comes first.")
    PRICE_LOW_TO_HIGH = enum_value("PRICE_LOW_TO_HIGH", "Cheapest first.")
    PRICE_HIGH_TO_LOW = enum_value("PRICE_HIGH_TO_LOW", "Dearest first.")
    BEST_SELLING = enum_value("BEST_SELLING", "Most units sold first, in orders that were not cancelled.")


@strawberry.input(description="Which products: all conditions must hold, and what is left out or null asks nothing.")
class ProductFilter:
    category: str | None = strawberry.field(
        default=UNSET, description="Exactly this category, as `categories` spells it."
    )
    min_price: Decimal | None = strawberry.field(
        default=UNSET, description="This price or a higher one, in the shop's currency."
    )
    max_price: Decimal | None = strawberry.field(
        default=UNSET, description="This price or a lower one, in the shop's currency."
    )
    in_stock: bool | None = strawberry.field(
        default=UNSET, description="True: only what can be ordered now. False: only what has run out."
    )
    include_discontinued: bool | None = strawberry.field(
        default=UNSET, description="Discontinued products are left out unless this asks for them."
    )


@shows(ProductRow)
@strawberry.type(description="A product of the catalogue. Discontinued ones stay readable.")
class Product(Node):
    version: int = strawberry.field(
        description="Grows with every change, of stock too: pass it as `expectedVersion` to change what you saw."
    )
    sku: str = strawberry.field(description="The shop's own code for it, of which no two products have the same.")
    name: str = strawberry.field(description="The name, 1 to 200 characters.")
    description: str = strawberry.field(
        description="Plain text that may have several lines; empty where nobody wrote one."
    )
    category: str = strawberry.field(description="The one category that it is in.")
    price: Money = strawberry.field(
        description="What a unit costs now; orders keep the price at which they were placed.",
        metadata=money_at("price"),
    )
    available: int = strawberry.field(description="Units that can still be ordered.")
    status: ProductStatus = strawberry.field(description="Whether it can be ordered at all.")
    added_at: DateTime = strawberry.field(description="When it came into the catalogue.")


@strawberry.type(
    description="A category of the catalogue: it exists while a product that is not discontinued is in it."
)
class Category:
    name: str = strawberry.field(description="The category's name, as `ProductFilter.category` takes it.")
    product_count: int = strawberry.field(
        description="Its products that are not discontinued, those out of stock included."
    )


@shows(ProductRow, product_id="id")
@strawberry.type(description="How well a product sells.")
class ProductSales:
    product_id: strawberry.ID = strawberry.field(description="The product: `product(id:)` has the rest.")
    sku: str = strawberry.field(description="Its SKU now.")
    name: str = strawberry.field(description="Its name now.")
    units_sold: int = strawberry.field(description="Units in placed orders that were not cancelled, of all time.")
