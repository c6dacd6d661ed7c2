"""Queries for the catalogue, which lives in one partition, and the changes of a product."""

import re
from collections.abc import AsyncGenerator, Mapping
from typing import Final, NamedTuple

from read_model.changes import Changes
from read_model.connection import Reader
from read_model.errors import ProductUnknown
from read_model.pages import Ordering, Page, PageRequest, Range
from read_model.rows import Row, Rows
from read_model.schema.catalogue import LABEL_DIGITS, NUMBER_DIGITS, Order
from read_model.schema.keys import Keys
from read_model.schema.names import fold
from read_model.schema.products import ProductRow
from read_model.search import Criteria, Found
from read_model.subscription import Announced
from write_model.contracts.ids import CATALOGUE_SLOT, kind_of
from write_model.contracts.streams import partition_of

PRODUCTS: Final = Rows("prd", Keys.product, ("summary",))
EVERYTHING: Final = Criteria()

# HGETALL itself looks otherwise in every protocol.
_COUNTERS: Final = "return redis.call('HGETALL', KEYS[1])"

_NAME: Final = re.compile(rf"[^\0]+\0[0-9]{{{NUMBER_DIGITS}}}")
_COUNT: Final = re.compile(rf"[0-9]{{{LABEL_DIGITS + NUMBER_DIGITS}}}")


class Sorting(NamedTuple):
    """An order of the index, in one of its directions."""

    order: Order
    descending: bool


SORTINGS: Final[Mapping[str, Sorting]] = {
    "NAME": Sorting("name", descending=False),
    "NEWEST": Sorting("newest", descending=True),
    "PRICE_LOW_TO_HIGH": Sorting("price", descending=False),
    "PRICE_HIGH_TO_LOW": Sorting("price", descending=True),
    "BEST_SELLING": Sorting("sales", descending=True),
}
"""By the contract's `ProductOrder`. Equals stand in the order in which they were added, or the reverse."""


class Category(NamedTuple):
    """A category, and how many of its products can be ordered."""

    name: str
    product_count: int


async def product(reader: Reader, id: str) -> Row | None:
    """The product with the id, None where there is none; Unavailable. One round trip."""
    return await PRODUCTS.find(reader, id)


async def products(
    reader: Reader, page: PageRequest, criteria: Criteria = EVERYTHING, order_by: str = "NAME"
) -> Page[Row]:
    """The products that meet the criteria, in one of `SORTINGS`; BadCursor, Unavailable. Two round trips.

    A cursor may be passed on with other criteria: it names a place in the order.
    """
    order, descending = SORTINGS[order_by]
    is_member = _NAME.fullmatch if order == "name" else _COUNT.fullmatch
    ordering = Ordering(
        kind=f"products-by-{order}",
        is_member=lambda member: is_member(member) is not None,
        descending=descending,
        within=criteria.prices.members() if order == "price" else Range(),
    )
    cut, catalogue = ordering.cut(page), CATALOGUE_SLOT % reader.partitions
    replies = await reader.read({catalogue: lambda keys: [criteria.command(keys, order, cut)]})
    found = Found(*replies[catalogue][0])
    ids = dict(zip(found.members, found.ids[: page.size], strict=False))
    rows = await PRODUCTS.find_all(reader, ids.values()) if ids else {}
    return ordering.page(
        page,
        found.members,
        {member: rows[id] for member, id in ids.items() if id in rows},
        total=found.total,
        is_any_outside=cut.is_any_outside(found.outside),
    )


async def categories(reader: Reader) -> list[Category]:
    """The categories that have products to order, by name, case and accents aside; Unavailable. One round trip."""
    catalogue = CATALOGUE_SLOT % reader.partitions
    replies = await reader.read({catalogue: lambda keys: [("EVAL_RO", _COUNTERS, 1, keys.categories())]})
    flat = replies[catalogue][0]
    found = [Category(name, int(count)) for name, count in zip(flat[::2], flat[1::2], strict=True)]
    return sorted(found, key=lambda category: (fold(category.name), category.name))


async def top_products(reader: Reader, page: PageRequest) -> list[Row]:
    """The products that sold, best sellers first, discontinued ones too; Unavailable. Two round trips."""
    found = await products(reader, page, Criteria(include_discontinued=True), "BEST_SELLING")
    return [row for row in found.rows if ProductRow.decode(row.texts).units_sold > 0]


async def product_changes(reader: Reader, changes: Changes, product_id: str) -> AsyncGenerator[Row, None]:
    """The product now, and again whenever it has changed, without end; changes that come together are seen as one.

    ProductUnknown, Unavailable. Close it when done (contextlib.aclosing): it holds a subscription.
    """
    if kind_of(product_id) != "prd":
        raise ProductUnknown(id=product_id)
    # The feed comes first: whatever happens while the row is read is in one of them, or in both.
    async with changes.subscribe((partition_of(product_id, reader.partitions),), product_id) as feed:
        row = await product(reader, product_id)
        if row is None:
            raise ProductUnknown(id=product_id)
        yield row
        seen = _version(row)
        async for item in feed:
            if isinstance(item, Announced) and item.change.version <= seen:
                continue
            now = await feed.patiently(lambda: product(reader, product_id))
            if now and _version(now) > seen:
                seen = _version(now)
                yield now


def _version(row: Row) -> int:
    return ProductRow.decode(row.texts).version
