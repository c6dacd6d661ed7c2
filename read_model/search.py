"""Lists of products, in any order and narrowed in any way, by one script over the catalogue's index."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from pathlib import Path
from typing import Final, NamedTuple, Self

from read_model.errors import BadSearch
from read_model.multiplexed import Command
from read_model.pages import Bound, Cut, Range
from read_model.schema.catalogue import (
    ACTIVE,
    EVERY,
    HIGHEST_LABEL,
    IN_STOCK,
    LABEL_DIGITS,
    PRICE_STEPS,
    Order,
    category_mark,
    price_mark,
    word_mark,
)
from read_model.schema.keys import Keys
from read_model.schema.names import words_of
from write_model.contracts.money import minor_digits

MOST_WORDS: Final = 8
LONGEST_SEARCH: Final = 200
"""Characters."""

_SCRIPT: Final = "".join(
    Path(__file__).with_name(f"search_{part}.lua").read_text(encoding="utf-8") for part in ("matches", "page")
)


def search_words(search: str) -> Sequence[str]:
    """The words, folded; none where the search has no letter and no digit; BadSearch for more than it may have."""
    if len(search) > LONGEST_SEARCH:
        raise BadSearch(problem=f"has at most {LONGEST_SEARCH} characters")
    words = sorted(words_of(search))
    if len(words) > MOST_WORDS:
        raise BadSearch(problem=f"has at most {MOST_WORDS} words")
    return words


class PriceRange(NamedTuple):
    """Prices in minor units, from `lowest` on and below `above`."""

    lowest: int = 0
    above: int = HIGHEST_LABEL

    @classmethod
    def of(cls, lowest: Decimal | None, highest: Decimal | None, currency: str) -> Self:
        """From one amount to another, both included; None is open."""
        one = Decimal(1).scaleb(-minor_digits(currency))

        def minor(amount: Decimal, rounding: str) -> int:
            return min(max(0, int((amount / one).to_integral_value(rounding))), HIGHEST_LABEL)

        return cls(
            0 if lowest is None else minor(lowest, ROUND_CEILING),
            HIGHEST_LABEL if highest is None else minor(highest + one, ROUND_FLOOR),
        )

    def members(self) -> Range:
        """Those in the order by price."""
        return Range(
            low=Bound(f"{self.lowest:0{LABEL_DIGITS}}", inclusive=True),
            high=Bound(f"{self.above:0{LABEL_DIGITS}}", inclusive=False),
        )


ANY_PRICE: Final = PriceRange()


@dataclass(frozen=True, slots=True)
class Criteria:
    """What products of a list must be like; BadSearch for more text than a search may have."""

    search: str = ""
    category: str | None = None
    in_stock: bool | None = None
    include_discontinued: bool = False
    prices: PriceRange = ANY_PRICE

    def __post_init__(self) -> None:
        search_words(self.search)

    @property
    def words(self) -> Sequence[str]:
        """The words of the search."""
        return search_words(self.search)

    def command(self, keys: Keys, order: Order, cut: Cut) -> Command:
        """Redis: the number of products, the cut's members and their ids, and 1 or 0 for each of its outsides."""
        having = [EVERY if self.include_discontinued else ACTIVE, *map(word_mark, self.words)]
        lacking: list[str] = []
        unless: list[str] = []
        where: list[str] = []
        if self.category is not None:
            having.append(category_mark(self.category))
        if self.in_stock is not None:
            (having if self.in_stock else lacking).append(IN_STOCK)
        # Whoever has not reached the step at or below the lowest price is out; who is short of the next is in doubt.
        lowest, above = self.prices
        if lowest > 0:
            at = bisect_right(PRICE_STEPS, lowest)
            having.append(price_mark(PRICE_STEPS[at - 1]))
            if PRICE_STEPS[at - 1] != lowest:
                unless.append(price_mark(PRICE_STEPS[at] if at < len(PRICE_STEPS) else lowest))
        # And the same from above.
        if above < HIGHEST_LABEL:
            at = bisect_left(PRICE_STEPS, above)
            next_step = PRICE_STEPS[at] if at < len(PRICE_STEPS) else above
            lacking.append(price_mark(next_step))
            if at == len(PRICE_STEPS) or next_step != above:
                where.append(price_mark(PRICE_STEPS[at - 1]) if at else EVERY)
        sets = (having, lacking, unless, where)
        named = [
            keys.products(order),
            keys.product_labels(order),
            keys.product_labels("price"),
            keys.product_names(),
            keys.product_ids(),
            *(keys.products_with(mark) for marks in sets for mark in marks),
        ]
        # Away from the cursors, because what was next to one a moment ago is likely still there.
        away = (not cut.descending, cut.descending)
        asked = [(cut.inside, cut.downward, cut.limit)]
        asked += [(part, downward, 1) for part, downward in zip(cut.outside, away, strict=True) if part is not None]
        return (
            "EVAL_RO",
            _SCRIPT,
            len(named),
            *named,
            *map(len, sets),
            "1" if order == "name" else "",
            lowest,
            above,
            *(text for part, downward, limit in asked for text in (*part.texts(), "1" if downward else "", limit)),
        )


class Found(NamedTuple):
    """What the command answers."""

    total: int
    members: Sequence[str]
    ids: Sequence[str]
    outside: Sequence[int]
