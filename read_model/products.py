"""Queries for the catalogue, which lives in one partition."""

from collections.abc import Sequence
from typing import Final

from read_model.connection import Reader
from read_model.pages import Listing, Page, PageRequest
from read_model.rows import Rows
from read_model.schema.keys import Keys
from read_model.schema.products import ProductRow, id_of_member
from write_model.contracts.ids import CATALOGUE_SLOT, kind_of

PRODUCTS: Final = Rows("prd", Keys.product, ("summary",), ProductRow.decode)


async def product(reader: Reader, id: str) -> ProductRow | None:
    """The product with the id, None where there is none; Unavailable. One round trip."""
    return await PRODUCTS.find(reader, id)


async def products(reader: Reader, page: PageRequest) -> Page[ProductRow]:
    """The products that can be ordered, by name; BadCursor, Unavailable. Two round trips."""
    listing = Listing(
        kind="product-by-name",
        is_member=lambda member: kind_of(id_of_member(member)) == "prd",
        key=Keys.products_by_name,
        partitions=(CATALOGUE_SLOT % reader.partitions,),
    )
    return await listing.read(reader, page, _rows_of)


async def _rows_of(reader: Reader, members: Sequence[str]) -> dict[str, ProductRow]:
    rows = await PRODUCTS.find_all(reader, map(id_of_member, members))
    return {member: rows[id] for member in members if (id := id_of_member(member)) in rows}
