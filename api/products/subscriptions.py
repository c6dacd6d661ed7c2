"""Subscriptions to products."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import strawberry
from strawberry import UNSET

from api.arguments import ConsistentWith, ProductId
from api.context import Info
from api.errors import check_id
from api.fields import subscription
from api.products.queries import find_product
from api.products.types import Product
from read_model.errors import ProductUnknown
from read_model.products import product_changes
from read_model.rows import Row


@strawberry.type
class ProductSubscriptions:
    # A coroutine that gives the generator, so that what is wrong with the request is said before anything streams.
    @subscription("A product's price, stock or details, now and at each change.", shows=Product)
    async def product_changed(
        self, info: Info, product_id: ProductId, consistent_with: ConsistentWith = UNSET
    ) -> AsyncGenerator[Row, None]:
        check_id(product_id, "prd")
        await info.context.consistent_with(consistent_with)
        if await find_product(info, product_id) is None:
            raise ProductUnknown(id=product_id)
        return _changes(info, product_id)


async def _changes(info: Info, product_id: str) -> AsyncGenerator[Row, None]:
    read = info.context.services.read
    async with aclosing(product_changes(info.context.reader, read.changes, product_id)) as changes:
        async for row in changes:
            yield row
