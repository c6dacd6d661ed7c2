"""Registers a customer: no two with the same e-mail address, whatever its case."""

from write_model.customers.customer import register
from write_model.customers.document import CUSTOMERS
from write_model.ports import Command, UnitOfWork
from write_model.text import Email, Name


class RegisterCustomer(Command):
    name: Name
    email: Email


async def register_customer(command: RegisterCustomer, uow: UnitOfWork) -> str:
    customer_id = uow.new_id("cus")
    uow.record(CUSTOMERS, customer_id, register(name=command.name, email=command.email))
    return customer_id
