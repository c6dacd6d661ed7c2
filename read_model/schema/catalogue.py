"""The catalogue's index, from which one script (search.py) answers every list of products.

Each product has a number, counted from 0 as products are added. A mark is a fact that a search may ask for, and
stands for the set of the numbers of the products that have it. An order is a sorted set whose members, all with score
0, begin with a label and end with the number; the labels also stand in a column, by number, so that few products can
be put in order without walking past all others.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, NamedTuple, Self

from read_model.schema.names import beginnings_of, fold, words_of
from read_model.schema.products import ProductRow

ACTIVE: Final = "active"
IN_STOCK: Final = "in-stock"
EVERY: Final = "every"
"""What all products have, discontinued ones too."""

Order = Literal["name", "newest", "price", "sales"]
ORDERS: Final[tuple[Order, ...]] = ("name", "newest", "price", "sales")

LABEL_BYTES: Final = 6
HIGHEST_LABEL: Final = 2 ** (8 * LABEL_BYTES) - 1
LABEL_DIGITS: Final = 15
NUMBER_DIGITS: Final = 7

_ROUND: Final = {1, 2, 3, 4, 5, 6, 8} | {
    first * 10**zeros for first in (10, 12, 15, 20, 25, 30, 40, 50, 60, 80) for zeros in range(11)
}
PRICE_STEPS: Final = tuple(sorted(_ROUND | {price + 1 for price in _ROUND}))
"""Prices, in minor units, for each of which the products that cost as much or more have a mark.

A range of prices then takes a few sets, and a look at the prices near its ends, where those are not round. One more
than a round price is there for ranges that end with it.
"""


class CatalogueRow(NamedTuple):
    """How many products there are, discontinued ones too: the number of the next."""

    products: int

    def encode(self) -> dict[str, bytes]:
        """The hash fields of the row."""
        return {"products": str(self.products).encode()}

    @classmethod
    def decode(cls, fields: Mapping[str, str]) -> Self:
        """The row in its hash fields."""
        return cls(int(fields["products"]))


def category_mark(category: str) -> str:
    """The mark of the category's products."""
    return f"category:{category}"


def word_mark(beginning: str) -> str:
    """The mark of the products with a word that begins so."""
    return f"word:{beginning}"


def price_mark(step: int) -> str:
    """The mark of the products that cost so much or more."""
    return f"price:{step}"


def state_marks(row: ProductRow) -> set[str]:
    """The marks that follow from what can be done with the product, and where it stands."""
    marks = {EVERY, category_mark(row.category)}
    if row.status == "ACTIVE":
        marks.add(ACTIVE)
    if row.available > 0:
        marks.add(IN_STOCK)
    return marks


def word_marks(row: ProductRow) -> set[str]:
    """The marks by which words find the product."""
    return set(map(word_mark, beginnings_of(words_of(row.sku, row.name, row.category))))


def price_marks(row: ProductRow) -> set[str]:
    """The marks that follow from the price."""
    return {price_mark(step) for step in PRICE_STEPS if step <= row.price}


def member_of(order: Order, row: ProductRow) -> str:
    """The product's member in the order."""
    if order == "name":
        return f"{fold(row.name)}\0{row.number:0{NUMBER_DIGITS}}"
    return f"{_count_of(order, row):0{LABEL_DIGITS}}{row.number:0{NUMBER_DIGITS}}"


def label_of(order: Order, row: ProductRow) -> bytes:
    """The label in the column: the number that the member begins with, and of a name its first bytes."""
    if order == "name":
        return member_of(order, row).encode()[:LABEL_BYTES]
    return _count_of(order, row).to_bytes(LABEL_BYTES, "big")


def _count_of(order: Order, row: ProductRow) -> int:
    match order:
        case "price":
            return row.price
        case "sales":
            return row.units_sold
        case _:
            moment = datetime.fromisoformat(row.added_at)
            return int(moment.timestamp()) * 1000 + moment.microsecond // 1000
