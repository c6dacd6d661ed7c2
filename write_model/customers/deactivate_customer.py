"""Deactivates a customer: they can place no more orders; those they have go on."""

from write_model.contracts.ids import CustomerId
from write_model.customers.customer import deactivate
from write_model.customers.document import CUSTOMERS
from write_model.ports import Command, UnitOfWork
from write_model.text import Version


class DeactivateCustomer(Command):
    customer_id: CustomerId
    expected_version: Version | None = None


async def deactivate_customer(command: DeactivateCustomer, uow: UnitOfWork) -> str:
    customer = await uow.load(CUSTOMERS, command.customer_id, expected_version=command.expected_version)
    uow.record(CUSTOMERS, customer.id, deactivate(customer))
    return customer.id
