"""The customer: what it knows, what it decides, how it changes."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from write_model.contracts.customers import (
    CustomerDeactivated,
    CustomerEvent,
    CustomerProfileUpdated,
    CustomerReactivated,
    CustomerRegistered,
)
from write_model.rejection import Rejection


class CustomerStatus(StrEnum):
    ACTIVE = "ACTIVE"
    DEACTIVATED = "DEACTIVATED"


class CustomerNotFound(Rejection):
    """There is no customer {id}."""

    code = "NOT_FOUND"


class EmailTaken(Rejection):
    """Another customer is registered with {email}."""

    code = "EMAIL_TAKEN"


class CustomerInactive(Rejection):
    """Customer {id} is deactivated and cannot order."""

    code = "CUSTOMER_INACTIVE"


@dataclass(frozen=True, slots=True)
class Customer:
    id: str
    version: int
    name: str
    email: str
    status: CustomerStatus


def register(*, name: str, email: str) -> list[CustomerEvent]:
    return [CustomerRegistered(name=name, email=email)]


def update_profile(customer: Customer, *, name: str | None, email: str | None) -> list[CustomerEvent]:
    """None leaves a field as it is."""
    updated = CustomerProfileUpdated(
        name=customer.name if name is None else name, email=customer.email if email is None else email
    )
    return [] if (updated.name, updated.email) == (customer.name, customer.email) else [updated]


def deactivate(customer: Customer) -> list[CustomerEvent]:
    match customer.status:
        case CustomerStatus.DEACTIVATED:
            return []
        case CustomerStatus.ACTIVE:
            return [CustomerDeactivated()]
        case _:
            assert_never(customer.status)


def reactivate(customer: Customer) -> list[CustomerEvent]:
    match customer.status:
        case CustomerStatus.ACTIVE:
            return []
        case CustomerStatus.DEACTIVATED:
            return [CustomerReactivated()]
        case _:
            assert_never(customer.status)


def evolve(id: str, customer: Customer | None, event: CustomerEvent) -> Customer:
    """The customer after the event."""
    if isinstance(event, CustomerRegistered):
        assert customer is None
        return Customer(id, 1, event.name, event.email, CustomerStatus.ACTIVE)
    assert customer is not None
    version = customer.version + 1
    match event:
        case CustomerProfileUpdated():
            return replace(customer, version=version, name=event.name, email=event.email)
        case CustomerDeactivated():
            return replace(customer, version=version, status=CustomerStatus.DEACTIVATED)
        case CustomerReactivated():
            return replace(customer, version=version, status=CustomerStatus.ACTIVE)
        case _:
            assert_never(event)
