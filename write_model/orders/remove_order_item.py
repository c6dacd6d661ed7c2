"""Takes a product out of a draft."""

from write_model.contracts.ids import OrderId, ProductId
from write_model.orders.document import ORDERS
from write_model.orders.order import remove_item
from write_model.ports import Command, UnitOfWork
from write_model.text import Version


class RemoveOrderItem(Command):
    order_id: OrderId
    expected_version: Version | None = None
    product_id: ProductId


async def remove_order_item(command: RemoveOrderItem, uow: UnitOfWork) -> str:
    order = await uow.load(ORDERS, command.order_id, expected_version=command.expected_version)
    uow.record(ORDERS, order.id, remove_item(order, product_id=command.product_id))
    return order.id
