"""Adds a product to the catalogue: no two with the same SKU."""

from write_model.contracts.ids import CATALOGUE_SLOT
from write_model.money import MoneyInput
from write_model.ports import Command, UnitOfWork
from write_model.products.document import PRODUCTS
from write_model.products.product import add
from write_model.text import Label, Name, Prose, Stock


class AddProduct(Command):
    sku: Label
    name: Name
    description: Prose = ""
    category: Label
    price: MoneyInput
    initial_stock: Stock = 0


async def add_product(command: AddProduct, uow: UnitOfWork) -> str:
    product_id = uow.new_id("prd", CATALOGUE_SLOT)
    added = add(
        sku=command.sku,
        name=command.name,
        description=command.description,
        category=command.category,
        price=command.price.in_currency(uow.terms.currency),
        currency=uow.terms.currency,
        stock=command.initial_stock,
    )
    uow.record(PRODUCTS, product_id, added)
    return product_id
