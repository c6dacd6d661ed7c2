"""Says how many units of a product a draft has."""

from write_model.contracts.ids import OrderId, ProductId
from write_model.orders.document import ORDERS
from write_model.orders.order import change_quantity
from write_model.ports import Command, UnitOfWork
from write_model.text import Quantity, Version


class ChangeOrderItemQuantity(Command):
    order_id: OrderId
    expected_version: Version | None = None
    product_id: ProductId
    quantity: Quantity


async def change_order_item_quantity(command: ChangeOrderItemQuantity, uow: UnitOfWork) -> str:
    order = await uow.load(ORDERS, command.order_id, expected_version=command.expected_version)
    changed = change_quantity(order, product_id=command.product_id, quantity=command.quantity)
    uow.record(ORDERS, order.id, changed)
    return order.id
