"""Puts units of a product into a draft. Every call adds: a client that may repeat it sends an idempotency key."""

from write_model.contracts.ids import OrderId, ProductId
from write_model.orders.document import ORDERS
from write_model.orders.order import add_item
from write_model.orders.reservation import priced
from write_model.ports import Command, UnitOfWork
from write_model.products.document import PRODUCTS
from write_model.products.product import must_be_active
from write_model.text import Quantity, Version


class AddOrderItem(Command):
    order_id: OrderId
    expected_version: Version | None = None
    product_id: ProductId
    quantity: Quantity


async def add_order_item(command: AddOrderItem, uow: UnitOfWork) -> str:
    order = await uow.load(ORDERS, command.order_id, expected_version=command.expected_version)
    product = await uow.load(PRODUCTS, command.product_id)
    must_be_active(product)
    uow.record(ORDERS, order.id, add_item(order, priced(product, command.quantity)))
    return order.id
