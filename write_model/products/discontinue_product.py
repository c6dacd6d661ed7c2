"""Takes a product out of the catalogue: it can be ordered no more; orders already placed go on."""

from write_model.contracts.ids import ProductId
from write_model.ports import Command, UnitOfWork
from write_model.products.document import PRODUCTS
from write_model.products.product import discontinue
from write_model.text import Version


class DiscontinueProduct(Command):
    product_id: ProductId
    expected_version: Version | None = None


async def discontinue_product(command: DiscontinueProduct, uow: UnitOfWork) -> str:
    product = await uow.load(PRODUCTS, command.product_id, expected_version=command.expected_version)
    uow.record(PRODUCTS, product.id, discontinue(product))
    return product.id
