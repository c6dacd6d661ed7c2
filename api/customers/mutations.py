"""Commands on customers."""

import strawberry
from strawberry import UNSET

from api.arguments import IdempotencyKey, Input
from api.context import Info
from api.fields import expected_version, mutation
from api.receipts import CommandResult, answer
from write_model.customers.deactivate_customer import DeactivateCustomer
from write_model.customers.reactivate_customer import ReactivateCustomer
from write_model.customers.register_customer import RegisterCustomer
from write_model.customers.update_customer_profile import UpdateCustomerProfile


@strawberry.input(description="Who is registered.")
class RegisterCustomerInput:
    name: str = strawberry.field(description="The name, 1 to 200 characters; spaces around it are dropped.")
    email: str = strawberry.field(
        description='The address, e.g. "ada@example.com": refused with EMAIL_TAKEN where another customer has it.'
    )


@strawberry.input(description="What changes in a profile: what is left out or null stays as it is.")
class UpdateCustomerProfileInput:
    customer_id: strawberry.ID = strawberry.field(description="The customer. Customers change their own profile only.")
    expected_version: int | None = expected_version()
    name: str | None = strawberry.field(
        default=UNSET, description="The new name, 1 to 200 characters. Their orders show it within moments."
    )
    email: str | None = strawberry.field(
        default=UNSET, description="The new e-mail address: refused with EMAIL_TAKEN where another customer has it."
    )


@strawberry.input(description="Who may not order any more.")
class DeactivateCustomerInput:
    customer_id: strawberry.ID = strawberry.field(description="The customer.")
    expected_version: int | None = expected_version()


@strawberry.input(description="Who may order again.")
class ReactivateCustomerInput:
    customer_id: strawberry.ID = strawberry.field(description="The customer.")
    expected_version: int | None = expected_version()


@strawberry.type
class CustomerMutations:
    @mutation("Staff only. Registers a customer, who may order from then on.")
    async def register_customer(
        self, info: Info, input: Input[RegisterCustomerInput], idempotency_key: IdempotencyKey = UNSET
    ) -> CommandResult:
        return await answer(info, RegisterCustomer, input, idempotency_key)

    @mutation("Changes a customer's name or e-mail address.")
    async def update_customer_profile(
        self, info: Info, input: Input[UpdateCustomerProfileInput], idempotency_key: IdempotencyKey = UNSET
    ) -> CommandResult:
        return await answer(info, UpdateCustomerProfile, input, idempotency_key)

    @mutation(
        "Staff only. The customer can place no more orders; those that they placed go on. Repeated it is no news."
    )
    async def deactivate_customer(
        self, info: Info, input: Input[DeactivateCustomerInput], idempotency_key: IdempotencyKey = UNSET
    ) -> CommandResult:
        return await answer(info, DeactivateCustomer, input, idempotency_key)

    @mutation("Staff only. The customer may order again. Repeated it is no news.")
    async def reactivate_customer(
        self, info: Info, input: Input[ReactivateCustomerInput], idempotency_key: IdempotencyKey = UNSET
    ) -> CommandResult:
        return await answer(info, ReactivateCustomer, input, idempotency_key)
