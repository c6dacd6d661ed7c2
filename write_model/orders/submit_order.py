"""Submits a draft: prices are fixed and stock is reserved, all or nothing."""

from write_model.contracts.ids import OrderId
from write_model.customers.document import CUSTOMERS
from write_model.orders.address import Address
from write_model.orders.document import ORDERS
from write_model.orders.order import submit
from write_model.orders.reservation import Wanted, prepare
from write_model.ports import Command, UnitOfWork
from write_model.text import Version


class SubmitOrder(Command):
    order_id: OrderId
    expected_version: Version | None = None
    shipping_address: Address


async def submit_order(command: SubmitOrder, uow: UnitOfWork) -> str:
    order = await uow.load(ORDERS, command.order_id, expected_version=command.expected_version)
    customer = await uow.load(CUSTOMERS, order.customer_id)
    reservation = await prepare(
        uow, [Wanted(line.product_id, line.quantity, ("input", "orderId")) for line in order.lines]
    )
    placed = submit(
        order,
        customer,
        reservation.lines,
        shipping_address=command.shipping_address.as_event(),
        confirm_by=uow.now + uow.terms.confirmation_window,
    )
    uow.record(ORDERS, order.id, placed)
    if placed:
        reservation.take(uow, order.id)
    return order.id
