"""Opens an empty draft order: a basket."""

from write_model.contracts.ids import CustomerId, slot_of
from write_model.customers.document import CUSTOMERS
from write_model.orders.document import ORDERS
from write_model.orders.order import create
from write_model.ports import Command, UnitOfWork


class CreateOrder(Command):
    customer_id: CustomerId


async def create_order(command: CreateOrder, uow: UnitOfWork) -> str:
    customer = await uow.load(CUSTOMERS, command.customer_id)
    order_id = uow.new_id("ord", slot_of(customer.id))
    uow.record(ORDERS, order_id, create(customer, currency=uow.terms.currency))
    return order_id
