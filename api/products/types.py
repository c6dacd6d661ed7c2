"""Products as clients see them."""

from decimal import Decimal
from enum import Enum

import strawberry
from strawberry import UNSET

from api.connections.types import Node
from api.money import Money, money
from api.scalars import DateTime
from read_model.schema.products import ProductRow


@strawberry.enum
class ProductStatus(Enum):
    ACTIVE = "ACTIVE"
    DISCONTINUED = "DISCONTINUED"


@strawberry.enum
class ProductOrder(Enum):
    NAME = "NAME"
    NEWEST = "NEWEST"
    PRICE_LOW_TO_HIGH = "PRICE_LOW_TO_HIGH"
    PRICE_HIGH_TO_LOW = "PRICE_HIGH_TO_LOW"
    BEST_SELLING = "BEST_SELLING"


@strawberry.input
class ProductFilter:
    category: str | None = UNSET
    min_price: Decimal | None = UNSET
    max_price: Decimal | None = UNSET
    in_stock: bool | None = UNSET
    include_discontinued: bool | None = strawberry.field(
        default=UNSET, description="Discontinued products are left out unless this asks for them."
    )


@strawberry.type
class Product(Node):
    version: int
    sku: str
    name: str
    description: str
    category: str
    price: Money
    available: int = strawberry.field(description="Units that can still be ordered.")
    status: ProductStatus
    added_at: DateTime

    @classmethod
    def of(cls, row: ProductRow) -> "Product":
        """The product as clients see it."""
        return cls(
            id=strawberry.ID(row.id),
            version=row.version,
            sku=row.sku,
            name=row.name,
            description=row.description,
            category=row.category,
            price=money(row.price, row.currency),
            available=row.available,
            status=ProductStatus(row.status),
            added_at=DateTime(row.added_at),
        )


@strawberry.type
class Category:
    name: str
    product_count: int


@strawberry.type
class ProductSales:
    product_id: strawberry.ID
    sku: str
    name: str
    units_sold: int

    @classmethod
    def of(cls, row: ProductRow) -> "ProductSales":
        """What was sold of the product, as clients see it."""
        return cls(product_id=strawberry.ID(row.id), sku=row.sku, name=row.name, units_sold=row.units_sold)
