"""A product's row: `summary` holds every leaf, in the order of the fields here."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from read_model.schema import fragments
from read_model.schema.amounts import read_amount
from write_model.contracts.money import format_amount


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product as the catalogue shows it; `price` in minor units."""

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

    def encode(self) -> dict[str, bytes]:
        """The hash fields of the row."""
        leaves = (
            self.id, self.version, self.sku, self.name, self.description, self.category,
            format_amount(self.price, self.currency), self.currency, self.available, self.status, self.added_at,
        )  # fmt: skip
        return {"summary": fragments.join(leaves)}

    @classmethod
    def decode(cls, fields: Mapping[str, str]) -> Self:
        """The row in its hash fields."""
        leaves = fragments.split(fields["summary"])
        leaves[6] = read_amount(leaves[6])
        return cls(*leaves)


def fold(text: str) -> str:
    """Case and accents away, for order and search: "Crème" -> "creme"."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def name_member(name: str, product_id: str) -> str:
    """A product's member in the set by name: sorts by folded name, then by id."""
    return f"{fold(name)}\0{product_id}"


def id_of_member(member: str) -> str:
    """The product id at the end of a member."""
    return member.rpartition("\0")[2]
