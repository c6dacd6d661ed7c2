"""Commands on customers."""

import strawberry
from strawberry import UNSET

from api.context import Info
from api.receipts import CommandResult, answer
from write_model.customers.deactivate_customer import DeactivateCustomer
from write_model.customers.reactivate_customer import ReactivateCustomer
from write_model.customers.register_customer import RegisterCustomer
from write_model.customers.update_customer_profile import UpdateCustomerProfile


@strawberry.input
class RegisterCustomerInput:
    name: str
    email: str


@strawberry.input
class UpdateCustomerProfileInput:
    customer_id: strawberry.ID
    expected_version: int | None = UNSET
    name: str | None = UNSET
    email: str | None = UNSET


@strawberry.input
class DeactivateCustomerInput:
    customer_id: strawberry.ID
    expected_version: int | None = UNSET


@strawberry.input
class ReactivateCustomerInput:
    customer_id: strawberry.ID
    expected_version: int | None = UNSET


@strawberry.type
class CustomerMutations:
    @strawberry.mutation
    async def register_customer(
        self, info: Info, input: RegisterCustomerInput, idempotency_key: strawberry.ID | None = UNSET
    ) -> CommandResult:
        return await answer(info, RegisterCustomer, input, idempotency_key)

    @strawberry.mutation
    async def update_customer_profile(
        self, info: Info, input: UpdateCustomerProfileInput, idempotency_key: strawberry.ID | None = UNSET
    ) -> CommandResult:
        return await answer(info, UpdateCustomerProfile, input, idempotency_key)

    @strawberry.mutation
    async def deactivate_customer(
        self, info: Info, input: DeactivateCustomerInput, idempotency_key: strawberry.ID | None = UNSET
    ) -> CommandResult:
        return await answer(info, DeactivateCustomer, input, idempotency_key)

    @strawberry.mutation
    async def reactivate_customer(
        self, info: Info, input: ReactivateCustomerInput, idempotency_key: strawberry.ID | None = UNSET
    ) -> CommandResult:
        return await answer(info, ReactivateCustomer, input, idempotency_key)
