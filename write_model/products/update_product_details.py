"""Changes a product's name, description or category; what is not given stays. Orders already placed keep theirs."""

from write_model.contracts.ids import ProductId
from write_model.ports import Command, UnitOfWork
from write_model.products.document import PRODUCTS
from write_model.products.product import update_details
from write_model.text import Label, Name, Prose, Version


class UpdateProductDetails(Command):
    product_id: ProductId
    expected_version: Version | None = None
    name: Name | None = None
    description: Prose | None = None
    category: Label | None = None


async def update_product_details(command: UpdateProductDetails, uow: UnitOfWork) -> str:
    product = await uow.load(PRODUCTS, command.product_id, expected_version=command.expected_version)
    updated = update_details(product, name=command.name, description=command.description, category=command.category)
    uow.record(PRODUCTS, product.id, updated)
    return product.id
