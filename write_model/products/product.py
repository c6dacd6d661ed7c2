"""The product: what it knows, what it decides, how it changes. Stock is what can still be ordered."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from write_model.contracts.products import (
    ProductAdded,
    ProductDetailsUpdated,
    ProductDiscontinued,
    ProductEvent,
    ProductPriceChanged,
    ProductRestocked,
    StockReleased,
    StockReserved,
)
from write_model.rejection import InvalidInput, Rejection

LARGEST_STOCK = 1_000_000_000


class ProductStatus(StrEnum):
    ACTIVE = "ACTIVE"
    DISCONTINUED = "DISCONTINUED"


class ProductNotFound(Rejection):
    """There is no product {id}."""

    code = "NOT_FOUND"


class SkuTaken(Rejection):
    """Another product has the SKU {sku}."""

    code = "SKU_TAKEN"


class ProductIsDiscontinued(Rejection):
    """Product {id} is discontinued."""

    code = "PRODUCT_DISCONTINUED"


class InsufficientStock(Rejection):
    """Product {id} has {available} units left, {wanted} were asked for."""

    code = "INSUFFICIENT_STOCK"


@dataclass(frozen=True, slots=True)
class Product:
    """`price` is in minor units of `currency`."""

    id: str
    version: int
    sku: str
    name: str
    description: str
    category: str
    price: int
    currency: str
    stock: int
    status: ProductStatus


def add(
    *, sku: str, name: str, description: str, category: str, price: int, currency: str, stock: int
) -> list[ProductEvent]:
    return [
        ProductAdded(
            sku=sku,
            name=name,
            description=description,
            category=category,
            price=price,
            currency=currency,
            stock=stock,
        )
    ]


def update_details(
    product: Product, *, name: str | None, description: str | None, category: str | None
) -> list[ProductEvent]:
    """None leaves a field as it is."""
    must_be_active(product)
    updated = ProductDetailsUpdated(
        name=product.name if name is None else name,
        description=product.description if description is None else description,
        category=product.category if category is None else category,
    )
    before = (product.name, product.description, product.category)
    return [] if (updated.name, updated.description, updated.category) == before else [updated]


def change_price(product: Product, *, price: int, currency: str) -> list[ProductEvent]:
    must_be_active(product)
    if (price, currency) == (product.price, product.currency):
        return []
    return [ProductPriceChanged(price=price, currency=currency)]


def restock(product: Product, *, quantity: int) -> list[ProductEvent]:
    must_be_active(product)
    if product.stock + quantity > LARGEST_STOCK:
        raise InvalidInput(problem=f"stock cannot exceed {LARGEST_STOCK:,} units", field=("input", "quantity"))
    return [ProductRestocked(quantity=quantity)]


def discontinue(product: Product) -> list[ProductEvent]:
    match product.status:
        case ProductStatus.DISCONTINUED:
            return []
        case ProductStatus.ACTIVE:
            return [ProductDiscontinued()]
        case _:
            assert_never(product.status)


def reserve(product: Product, *, order_id: str, quantity: int, field: tuple[str, ...]) -> list[ProductEvent]:
    """Takes units for an order; `field` is where a refusal points."""
    must_be_active(product, field=(*field, "productId"))
    if quantity > product.stock:
        raise InsufficientStock(id=product.id, available=product.stock, wanted=quantity, field=(*field, "quantity"))
    return [StockReserved(order_id=order_id, quantity=quantity)]


def release(product: Product, *, order_id: str, quantity: int) -> list[ProductEvent]:
    """Gives an order's units back; also to a discontinued product, whose stock stays true."""
    assert product.version > 0
    return [StockReleased(order_id=order_id, quantity=quantity)]


def evolve(id: str, product: Product | None, event: ProductEvent) -> Product:
    """The product after the event."""
    if isinstance(event, ProductAdded):
        assert product is None
        return Product(
            id=id,
            version=1,
            sku=event.sku,
            name=event.name,
            description=event.description,
            category=event.category,
            price=event.price,
            currency=event.currency,
            stock=event.stock,
            status=ProductStatus.ACTIVE,
        )
    assert product is not None
    version = product.version + 1
    match event:
        case ProductDetailsUpdated():
            return replace(
                product,
                version=version,
                name=event.name,
                description=event.description,
                category=event.category,
            )
        case ProductPriceChanged():
            return replace(product, version=version, price=event.price, currency=event.currency)
        case ProductRestocked() | StockReleased():
            return replace(product, version=version, stock=product.stock + event.quantity)
        case StockReserved():
            return replace(product, version=version, stock=product.stock - event.quantity)
        case ProductDiscontinued():
            return replace(product, version=version, status=ProductStatus.DISCONTINUED)
        case _:
            assert_never(event)


def must_be_active(product: Product, *, field: tuple[str, ...] = ("input", "productId")) -> None:
    """ProductIsDiscontinued unless it can be ordered."""
    if product.status is ProductStatus.DISCONTINUED:
        raise ProductIsDiscontinued(id=product.id, field=field)
