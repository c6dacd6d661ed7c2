"""A product's row: `summary` holds every leaf, in the order of the fields here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from read_model.schema import fragments
from read_model.schema.amounts import read_amount
from write_model.contracts.money import format_amount


@dataclass(frozen=True, slots=True)
class ProductRow:
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
        leaves = (
            self.id, self.version, self.sku, self.name, self.description, self.category,
            format_amount(self.price, self.currency), self.currency, self.available, self.status, self.added_at,
            self.units_sold, self.number,
        )  # fmt: skip
        return {"summary": fragments.join(leaves)}

    @classmethod
    def decode(cls, fields: Mapping[str, str]) -> Self:
        """The row in its hash fields."""
        leaves = fragments.split(fields["summary"])
        leaves[6] = read_amount(leaves[6])
        return cls(*leaves)
