"""A product's row: `summary` holds every leaf, in the order of the fields here."""

from collections.abc import Mapping
from typing import NamedTuple, Self

from read_model.schema import fragments
from read_model.schema.amounts import read_amount
from write_model.contracts.money import format_amount


class ProductRow(NamedTuple):
    """A product as the catalogue shows it; `price` in minor units.

    `units_sold` are those in orders that were not cancelled; `number` is the product's place in the catalogue's index.
    """

    id: str
    version: int
    sku: str
    name: str
    description: str
    category: str
    price: int
    currency: str
    available: int
    status: str
    added_at: str
    units_sold: int
    number: int

    def encode(self) -> dict[str, bytes]:
        """The hash fields of the row."""
        return {"summary": fragments.join((*self[:6], format_amount(self.price, self.currency), *self[7:]))}

    @classmethod
    def decode(cls, fields: Mapping[str, str]) -> Self:
        """The row in its hash fields."""
        leaves = fragments.split(fields["summary"])
        leaves[6] = read_amount(leaves[6])
        return cls(*leaves)
