"""Confirms an order that was placed: it will be shipped."""

from write_model.contracts.ids import OrderId
from write_model.orders.document import ORDERS
from write_model.orders.order import confirm
from write_model.ports import Command, UnitOfWork
from write_model.text import Version


class ConfirmOrder(Command):
    order_id: OrderId
    expected_version: Version | None = None


async def confirm_order(command: ConfirmOrder, uow: UnitOfWork) -> str:
    order = await uow.load(ORDERS, command.order_id, expected_version=command.expected_version)
    uow.record(ORDERS, order.id, confirm(order))
    return order.id
