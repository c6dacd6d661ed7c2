"""What an order wants of the catalogue: priced at this moment, and taken from stock, all or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from write_model.contracts.orders import Line
from write_model.orders.order import MOST_UNITS, QuantityTooLarge
from write_model.ports import UnitOfWork
from write_model.products.document import PRODUCTS
from write_model.products.product import Product, ProductNotFound, reserve


@dataclass(frozen=True, slots=True)
class Wanted:
    """Units of one product; `field` is where in the command's input a refusal points."""

    product_id: str
    quantity: int
    field: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reservation:
    """The lines that were wanted, one a product, at the prices of the moment."""

    lines: tuple[Line, ...]
    _wanted: tuple[Wanted, ...]
    _products: dict[str, Product]

    def take(self, uow: UnitOfWork, order_id: str) -> None:
        """Take all units from stock, for the order; raises what a product has against it."""
        for each in self._wanted:
            product = self._products[each.product_id]
            reserved = reserve(product, order_id=order_id, quantity=each.quantity, field=each.field)
            uow.record(PRODUCTS, product.id, reserved)


async def prepare(uow: UnitOfWork, wanted: Sequence[Wanted]) -> Reservation:
    """Look the products up; what is wanted twice counts together. ProductNotFound, QuantityTooLarge."""
    merged: dict[str, Wanted] = {}
    for each in wanted:
        first = merged.get(each.product_id, Wanted(each.product_id, 0, each.field))
        merged[each.product_id] = Wanted(each.product_id, first.quantity + each.quantity, first.field)
    products = await uow.load_many(PRODUCTS, merged)
    for each in merged.values():
        if each.product_id not in products:
            raise ProductNotFound(id=each.product_id, field=(*each.field, "productId"))
        if each.quantity > MOST_UNITS:
            raise QuantityTooLarge(most=MOST_UNITS, wanted=each.quantity, field=(*each.field, "quantity"))
    lines = tuple(priced(products[each.product_id], each.quantity) for each in merged.values())
    return Reservation(lines, tuple(merged.values()), products)


def priced(product: Product, quantity: int) -> Line:
    """A line of the product as it is now."""
    return Line(product_id=product.id, sku=product.sku, name=product.name, quantity=quantity, unit_price=product.price)
