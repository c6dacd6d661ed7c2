"""Queries for customers."""

from typing import Final

from read_model.connection import Reader
from read_model.listings import Listing
from read_model.pages import Page, PageRequest
from read_model.rows import Row, Rows
from read_model.schema.keys import Keys
from read_model.schema.names import id_of_member
from read_model.search import search_words
from write_model.contracts.ids import kind_of

CUSTOMERS: Final = Rows("cus", Keys.customer, ("summary",))


async def customer(reader: Reader, id: str) -> Row | None:
    """The customer with the id, None where there is none; Unavailable. One round trip."""
    return await CUSTOMERS.find(reader, id)


async def customers(reader: Reader, page: PageRequest, search: str = "") -> Page[Row]:
    """The customers by name, those in whose name or e-mail each word of the search begins a word.

    BadCursor, BadSearch, Unavailable. Two round trips. A cursor may be passed on with another search.
    """
    words = search_words(search)
    listing = Listing(
        kind="customer",
        is_member=lambda member: kind_of(id_of_member(member)) == "cus",
        sets=lambda keys: [keys.customers(word) for word in words] or [keys.customers()],
        partitions=range(reader.partitions),
        rows=CUSTOMERS,
        id_of=id_of_member,
    )
    return await listing.read(reader, page)
