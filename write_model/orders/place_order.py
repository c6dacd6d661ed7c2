"""Places an order: prices are fixed and stock is reserved, all or nothing."""

from typing import Annotated

from pydantic import Field

from write_model.contracts.ids import CustomerId, ProductId, slot_of
from write_model.customers.document import CUSTOMERS
from write_model.orders.address import Address
from write_model.orders.document import ORDERS
from write_model.orders.order import MOST_LINES, place
from write_model.orders.reservation import Wanted, prepare
from write_model.ports import Command, UnitOfWork
from write_model.text import Quantity


class OrderLine(Command):
    product_id: ProductId
    quantity: Quantity


class PlaceOrder(Command):
    """Lines of the same product count together and become one."""

    customer_id: CustomerId
    lines: Annotated[list[OrderLine], Field(max_length=MOST_LINES)]
    shipping_address: Address


async def place_order(command: PlaceOrder, uow: UnitOfWork) -> str:
    customer = await uow.load(CUSTOMERS, command.customer_id)
    wanted = [
        Wanted(line.product_id, line.quantity, ("input", "lines", str(index)))
        for index, line in enumerate(command.lines)
    ]
    reservation = await prepare(uow, wanted)
    order_id = uow.new_id("ord", slot_of(customer.id))
    placed = place(
        customer,
        reservation.lines,
        currency=uow.terms.currency,
        shipping_address=command.shipping_address.as_event(),
        confirm_by=uow.now + uow.terms.confirmation_window,
        field=("input", "lines"),
    )
    uow.record(ORDERS, order_id, placed)
    reservation.take(uow, order_id)
    return order_id
