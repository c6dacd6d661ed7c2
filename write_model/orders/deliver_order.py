"""Marks a shipped order as delivered."""

from write_model.contracts.ids import OrderId
from write_model.orders.document import ORDERS
from write_model.orders.order import deliver
from write_model.ports import Command, UnitOfWork
from write_model.text import Version


class DeliverOrder(Command):
    order_id: OrderId
    expected_version: Version | None = None


async def deliver_order(command: DeliverOrder, uow: UnitOfWork) -> str:
    order = await uow.load(ORDERS, command.order_id, expected_version=command.expected_version)
    uow.record(ORDERS, order.id, deliver(order))
    return order.id
