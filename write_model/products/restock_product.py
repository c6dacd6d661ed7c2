"""Adds units to a product's stock. Every call adds: a client that may repeat it sends an idempotency key."""

from typing import Annotated

from pydantic import Field

from write_model.contracts.ids import ProductId
from write_model.ports import Command, UnitOfWork
from write_model.products.document import PRODUCTS
from write_model.products.product import restock
from write_model.text import Stock


class RestockProduct(Command):
    product_id: ProductId
    quantity: Annotated[Stock, Field(ge=1)]


async def restock_product(command: RestockProduct, uow: UnitOfWork) -> str:
    product = await uow.load(PRODUCTS, command.product_id)
    uow.record(PRODUCTS, product.id, restock(product, quantity=command.quantity))
    return product.id
