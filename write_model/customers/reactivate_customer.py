"""Lets a deactivated customer order again."""

from write_model.contracts.ids import CustomerId
from write_model.customers.customer import reactivate
from write_model.customers.document import CUSTOMERS
from write_model.ports import Command, UnitOfWork
from write_model.text import Version


class ReactivateCustomer(Command):
    customer_id: CustomerId
    expected_version: Version | None = None


async def reactivate_customer(command: ReactivateCustomer, uow: UnitOfWork) -> str:
    customer = await uow.load(CUSTOMERS, command.customer_id, expected_version=command.expected_version)
    uow.record(CUSTOMERS, customer.id, reactivate(customer))
    return customer.id
