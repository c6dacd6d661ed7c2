"""Products as clients see them."""

from enum import Enum

import strawberry

from api.connections.types import Node
from api.money import Money, money
from api.scalars import DateTime
from read_model.schema.products import ProductRow


@strawberry.enum
class ProductStatus(Enum):
    ACTIVE = "ACTIVE"
    DISCONTINUED = "DISCONTINUED"


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
