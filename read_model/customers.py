"""Queries for customers."""

from typing import Final

from read_model.connection import Reader
from read_model.rows import Rows
from read_model.schema.customers import CustomerRow
from read_model.schema.keys import Keys

CUSTOMERS: Final = Rows("cus", Keys.customer, ("summary",), CustomerRow.decode)


async def customer(reader: Reader, id: str) -> CustomerRow | None:
    """The customer with the id, None where there is none; Unavailable. One round trip."""
    return await CUSTOMERS.find(reader, id)
