"""Queries for the catalogue."""

from typing import Annotated

import strawberry
from strawberry import UNSET

from api.arguments import After, Before, ConsistentWith, Filter, First, Last, OrderBy, ProductId
from api.connections.types import Connection, page_request
from api.context import Info
from api.errors import check_id
from api.fields import field
from api.products.types import Category, Product, ProductFilter, ProductOrder, ProductSales
from read_model.pages import Page
from read_model.products import categories, product, products, top_products
from read_model.rows import Row
from read_model.search import Criteria, PriceRange


async def find_product(info: Info, id: str) -> Row | None:
    """The product, where there is one; discontinued ones are still there."""
    check_id(id, "prd")
    return await product(info.context.reader, id)


@strawberry.type
class ProductQueries:
    @field("The product with this id, a discontinued one too; null where there is none.", shows=Product | None)
    async def product(self, info: Info, id: ProductId, consistent_with: ConsistentWith = UNSET) -> Row | None:
        await info.context.consistent_with(consistent_with)
        return await find_product(info, id)

    @field(
        "The catalogue, by name unless asked otherwise, narrowed by words and conditions.", shows=Connection[Product]
    )
    async def products(
        self,
        info: Info,
        search: Annotated[
            str | None,
            strawberry.argument(
                description="Words or beginnings of words of the name, SKU or category; all must match."
            ),
        ] = UNSET,
        filter: Filter[ProductFilter] = UNSET,
        order_by: OrderBy[ProductOrder] = ProductOrder.NAME,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
        consistent_with: ConsistentWith = UNSET,
    ) -> Page[Row]:
        read, page = info.context.services.read, page_request(first, after, last, before)
        criteria = _criteria(search or "", filter or ProductFilter(), read.settings.currency)
        await info.context.consistent_with(consistent_with)
        return await products(info.context.reader, page, criteria, order_by.value)

    @field("Categories that have products to order, by name.")
    async def categories(self, info: Info, consistent_with: ConsistentWith = UNSET) -> list[Category]:
        await info.context.consistent_with(consistent_with)
        found = await categories(info.context.reader)
        return [Category(name=category.name, product_count=category.product_count) for category in found]

    @field("Best sellers by units in orders that were not cancelled.", shows=list[ProductSales])
    async def top_products(
        self,
        info: Info,
        first: Annotated[int, strawberry.argument(description="At most so many, 0 to 100.")] = 10,
        consistent_with: ConsistentWith = UNSET,
    ) -> list[Row]:
        page = page_request(first, UNSET, UNSET, UNSET)
        await info.context.consistent_with(consistent_with)
        return await top_products(info.context.reader, page)


def _criteria(search: str, filter: ProductFilter, currency: str) -> Criteria:
    """The read model's, of a filter of which everything may be unset or null."""
    return Criteria(
        search=search,
        category=None if filter.category is UNSET else filter.category,
        in_stock=None if filter.in_stock is UNSET else filter.in_stock,
        include_discontinued=bool(filter.include_discontinued),
        prices=PriceRange.of(
            None if filter.min_price is UNSET else filter.min_price,
            None if filter.max_price is UNSET else filter.max_price,
            currency,
        ),
    )
