"""The query for whatever has an id."""

from typing import Annotated

import strawberry
from strawberry import UNSET

from api.access import ACCESS, check_access
from api.arguments import ConsistentWith
from api.connections.types import Node
from api.context import Info
from api.customers.queries import find_customer
from api.errors import BadUserInput
from api.fields import field
from api.orders.queries import find_order
from api.products.queries import find_product
from read_model.rows import Row
from write_model.contracts.ids import kind_of


@strawberry.type
class NodeQueries:
    @field(
        "Whatever has this id: a customer, a product or an order; null where there is none that the caller may see.",
        shows=Node | None,
    )
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Any id that the API gave.")],
        consistent_with: ConsistentWith = UNSET,
    ) -> Row | None:
        await info.context.consistent_with(consistent_with)
        match kind_of(id):
            case "ord":
                check_access(ACCESS["Query"]["order"], info.context.caller)
                return await find_order(info, id)
            case "cus":
                check_access(ACCESS["Query"]["customer"], info.context.caller)
                return await find_customer(info, id)
            case "prd":
                return await find_product(info, id)
            case "cmd":
                return None
        raise BadUserInput("This is not the id of anything here.")
