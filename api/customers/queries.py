"""Queries for customers."""

from typing import Annotated

import strawberry
from strawberry import UNSET

from api.arguments import After, Before, ConsistentWith, CustomerId, First, Last
from api.connections.types import Connection, page_request
from api.context import Info
from api.customers.types import Customer
from api.errors import check_id
from api.fields import field
from read_model.customers import customer, customers
from read_model.pages import Page
from read_model.rows import Row


async def find_customer(info: Info, id: str) -> Row | None:
    """The customer, where there is one that the caller may see."""
    check_id(id, "cus")
    if not info.context.caller.may_see(id):
        return None
    return await customer(info.context.reader, id)


@strawberry.type
class CustomerQueries:
    @field("The signed-in customer; null for staff.", shows=Customer | None)
    async def me(self, info: Info, consistent_with: ConsistentWith = UNSET) -> Row | None:
        customer_id = info.context.caller.customer_id
        if customer_id is None:
            return None
        await info.context.consistent_with(consistent_with)
        return await find_customer(info, customer_id)

    @field(
        "The customer with this id; null where there is none. A customer finds nobody but themselves.",
        shows=Customer | None,
    )
    async def customer(self, info: Info, id: CustomerId, consistent_with: ConsistentWith = UNSET) -> Row | None:
        await info.context.consistent_with(consistent_with)
        return await find_customer(info, id)

    @field("Staff only. Words or beginnings of words of name or e-mail.", shows=Connection[Customer])
    async def customers(
        self,
        info: Info,
        search: Annotated[
            str | None,
            strawberry.argument(
                description="At most 8 words and 200 characters; all words must match. Empty finds everyone."
            ),
        ] = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
        consistent_with: ConsistentWith = UNSET,
    ) -> Page[Row]:
        page = page_request(first, after, last, before)
        await info.context.consistent_with(consistent_with)
        return await customers(info.context.reader, page, search or "")
