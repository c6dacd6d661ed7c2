"""Changes a product's price; orders already placed keep theirs."""

from write_model.contracts.ids import ProductId
from write_model.money import MoneyInput
from write_model.ports import Command, UnitOfWork
from write_model.products.document import PRODUCTS
from write_model.products.product import change_price
from write_model.text import Version


class ChangeProductPrice(Command):
    product_id: ProductId
    expected_version: Version | None = None
    price: MoneyInput


async def change_product_price(command: ChangeProductPrice, uow: UnitOfWork) -> str:
    product = await uow.load(PRODUCTS, command.product_id, expected_version=command.expected_version)
    price = command.price.in_currency(uow.terms.currency)
    uow.record(PRODUCTS, product.id, change_price(product, price=price, currency=uow.terms.currency))
    return product.id
