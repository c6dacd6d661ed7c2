"""Queries for the catalogue."""

import strawberry
from strawberry import UNSET

from api.connections.types import Connection, page_request
from api.context import Info
from api.errors import check_id
from api.products.types import Product
from api.scalars import ConsistencyToken
from read_model.products import product, products


async def find_product(info: Info, id: str) -> Product | None:
    """The product, where there is one; discontinued ones are still there."""
    check_id(id, "prd")
    row = await product(info.context.services.read.reader, id)
    return Product.of(row) if row else None


@strawberry.type
class ProductQueries:
    @strawberry.field
    async def product(
        self, info: Info, id: strawberry.ID, consistent_with: list[ConsistencyToken] | None = UNSET
    ) -> Product | None:
        await info.context.consistent_with(consistent_with)
        return await find_product(info, id)

    @strawberry.field
    async def products(
        self,
        info: Info,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        consistent_with: list[ConsistencyToken] | None = UNSET,
    ) -> Connection[Product]:
        page = page_request(first, after, last, before)
        await info.context.consistent_with(consistent_with)
        return Connection.of(await products(info.context.services.read.reader, page), Product.of)
