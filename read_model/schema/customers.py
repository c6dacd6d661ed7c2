"""A customer's row: `summary` holds every leaf, in the order of the fields here."""

from collections.abc import Mapping
from typing import NamedTuple, Self

from read_model.schema import fragments
from read_model.schema.amounts import read_amount
from write_model.contracts.money import format_amount


class CustomerRow(NamedTuple):
    """A customer with their totals over placed orders that were not cancelled; `total_spent` in minor units."""

    id: str
    version: int
    name: str
    email: str
    status: str
    registered_at: str
    order_count: int
    total_spent: int
    currency: str
    last_order_at: str | None

    def encode(self) -> dict[str, bytes]:
        """The hash fields of the row."""
        return {"summary": fragments.join((*self[:7], format_amount(self.total_spent, self.currency), *self[8:]))}

    @classmethod
    def decode(cls, fields: Mapping[str, str]) -> Self:
        """The row in its hash fields."""
        leaves = fragments.split(fields["summary"])
        leaves[7] = read_amount(leaves[7])
        return cls(*leaves)
