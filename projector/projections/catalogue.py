"""The catalogue's index (read_model.schema.catalogue), kept in step with a product's row."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final

from projector.writes import Count, Fill, Mark, Rank, Unmark, Unrank, Write
from read_model.schema.catalogue import (
    LABEL_BYTES,
    Order,
    label_of,
    member_of,
    price_marks,
    state_marks,
    word_marks,
)
from read_model.schema.keys import Keys
from read_model.schema.products import ProductRow
from write_model.contracts.ids import ID_LENGTH

_SORTED_BY: Final[dict[Order, Callable[[ProductRow], Any]]] = {
    "name": attrgetter("name"),
    "newest": attrgetter("added_at"),
    "price": attrgetter("price"),
    "sales": attrgetter("units_sold"),
}
"""What each order looks at: where that is as it was, the product stays where it is."""

_MARKED_BY: Final[tuple[tuple[Callable[[ProductRow], Any], Callable[[ProductRow], set[str]]], ...]] = (
    (attrgetter("name", "sku", "category"), word_marks),
    (attrgetter("price"), price_marks),
    (lambda row: (row.category, row.status, row.available > 0), state_marks),
)
"""What marks follow from, and how; most events change none of it."""


def listed(keys: Keys, row: ProductRow) -> list[Write]:
    """A new product enters the index."""
    entered = Fill(keys.product_ids(), row.number * ID_LENGTH, row.id.encode())
    return [entered, *_moves(keys, None, row), *_marks(keys, None, row), *_counts(keys, None, row)]


def relisted(keys: Keys, before: ProductRow, row: ProductRow) -> list[Write]:
    """A product is not what it was."""
    return [*_moves(keys, before, row), *_marks(keys, before, row), *_counts(keys, before, row)]


def _moves(keys: Keys, before: ProductRow | None, row: ProductRow) -> list[Write]:
    writes: list[Write] = []
    for order, sorted_by in _SORTED_BY.items():
        if before and sorted_by(before) == sorted_by(row):
            continue
        key, member = keys.products(order), member_of(order, row)
        if before:
            writes.append(Unrank(key, member_of(order, before)))
        writes.append(Rank(key, member))
        writes.append(Fill(keys.product_labels(order), row.number * LABEL_BYTES, label_of(order, row)))
        if order == "name":
            if before:
                writes.append(Unrank(keys.product_names(), member_of(order, before)))
            writes.append(Rank(keys.product_names(), member, row.number))
    return writes


def _marks(keys: Keys, before: ProductRow | None, row: ProductRow) -> list[Write]:
    writes: list[Write] = []
    for marked_by, marks_of in _MARKED_BY:
        if before and marked_by(before) == marked_by(row):
            continue
        had, has = marks_of(before) if before else set(), marks_of(row)
        writes += [Unmark(keys.products_with(mark), row.number) for mark in had - has]
        writes += [Mark(keys.products_with(mark), row.number) for mark in has - had]
    return writes


def _counts(keys: Keys, before: ProductRow | None, row: ProductRow) -> list[Write]:
    """What the categories have to order."""
    left = before.category if before and before.status == "ACTIVE" else None
    entered = row.category if row.status == "ACTIVE" else None
    if left == entered:
        return []
    changes = ((left, -1), (entered, 1))
    return [Count(keys.categories(), category, by) for category, by in changes if category is not None]
