"""Queries for customers."""

import strawberry
from strawberry import UNSET

from api.context import Info
from api.customers.types import Customer
from api.errors import check_id
from api.scalars import ConsistencyToken
from read_model.customers import customer


async def find_customer(info: Info, id: str) -> Customer | None:
    """The customer, where there is one that the caller may see."""
    check_id(id, "cus")
    if not info.context.caller.may_see(id):
        return None
    row = await customer(info.context.services.read.reader, id)
    return Customer.of(row) if row else None


@strawberry.type
class CustomerQueries:
    @strawberry.field
    async def customer(
        self, info: Info, id: strawberry.ID, consistent_with: list[ConsistencyToken] | None = UNSET
    ) -> Customer | None:
        await info.context.consistent_with(consistent_with)
        return await find_customer(info, id)
