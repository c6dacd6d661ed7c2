"""Changes a customer's name or e-mail address; what is not given stays. Their orders show the new name."""

from write_model.contracts.ids import CustomerId
from write_model.customers.customer import update_profile
from write_model.customers.document import CUSTOMERS
from write_model.ports import Command, UnitOfWork
from write_model.text import Email, Name, Version


class UpdateCustomerProfile(Command):
    customer_id: CustomerId
    expected_version: Version | None = None
    name: Name | None = None
    email: Email | None = None


async def update_customer_profile(command: UpdateCustomerProfile, uow: UnitOfWork) -> str:
    customer = await uow.load(CUSTOMERS, command.customer_id, expected_version=command.expected_version)
    uow.record(CUSTOMERS, customer.id, update_profile(customer, name=command.name, email=command.email))
    return customer.id
