"""The naive answer to every list of products: all of them in memory, filtered, sorted, cut. Knows none of our code."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

Place = tuple[Any, int]
"""Where a product stands in an order: what the order looks at, then which of the products it was."""


def folded(text: str) -> str:
    return "".join(
        c for c in unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        if not unicodedata.combining(c)
    )  # fmt: skip


def words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in folded(text)).split()


@dataclass
class NaiveProduct:
    id: str
    number: int
    sku: str
    name: str
    category: str
    price: int
    stock: int
    second: float
    sold: int = 0
    discontinued: bool = False


@dataclass
class Wanted:
    """A query: prices in minor units, both included."""

    search: str = ""
    category: str | None = None
    lowest: int | None = None
    highest: int | None = None
    in_stock: bool | None = None
    include_discontinued: bool = False

    def takes(self, product: NaiveProduct) -> bool:
        has = words(product.name) + words(product.sku) + words(product.category)
        return (
            all(any(word.startswith(asked) for word in has) for asked in words(self.search))
            and self.category in (None, product.category)
            and (self.lowest is None or product.price >= self.lowest)
            and (self.highest is None or product.price <= self.highest)
            and self.in_stock in (None, product.stock > 0)
            and (self.include_discontinued or not product.discontinued)
        )


ORDERS: Final[dict[str, tuple[Callable[[NaiveProduct], Any], bool]]] = {
    "NAME": (lambda product: folded(product.name), False),
    "NEWEST": (lambda product: product.second, True),
    "PRICE_LOW_TO_HIGH": (lambda product: product.price, False),
    "PRICE_HIGH_TO_LOW": (lambda product: product.price, True),
    "BEST_SELLING": (lambda product: product.sold, True),
}


@dataclass
class NaivePage:
    ids: list[str]
    places: list[Place]
    has_next: bool
    has_previous: bool
    total: int


@dataclass
class NaiveCatalogue:
    products: dict[str, NaiveProduct] = field(default_factory=dict)

    def page(
        self,
        wanted: Wanted,
        order: str,
        *,
        first: int | None = None,
        after: Place | None = None,
        last: int | None = None,
        before: Place | None = None,
    ) -> NaivePage:
        looks_at, descending = ORDERS[order]
        everything = sorted(
            ((looks_at(product), product.number), product.id)
            for product in self.products.values()
            if wanted.takes(product)
        )
        if descending:
            everything.reverse()

        def is_beyond(place: Place, other: Place) -> bool:
            return place < other if descending else place > other

        inside = [
            (place, id)
            for place, id in everything
            if (after is None or is_beyond(place, after)) and (before is None or is_beyond(before, place))
        ]
        shown = inside[:first] if last is None else inside[max(0, len(inside) - last) :]
        more = len(inside) > len(shown)
        return NaivePage(
            ids=[id for _, id in shown],
            places=[place for place, _ in shown],
            has_next=(more and last is None)
            or (before is not None and any(not is_beyond(before, place) for place, _ in everything)),
            has_previous=(more and last is not None)
            or (after is not None and any(not is_beyond(place, after) for place, _ in everything)),
            total=len(everything),
        )
