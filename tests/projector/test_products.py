"""What product events make of the read model."""

from typing import Any

import pytest

from projector.projections.catalogue import listed
from projector.rows import CATALOGUE
from projector.writes import Write
from read_model.schema.catalogue import CatalogueRow, label_of, member_of, price_marks
from read_model.schema.changes import ProductChanged
from read_model.schema.products import ProductRow
from tests.projector.events import ORDER, PRODUCT, added, an_id, at, history
from tests.projector.story import KEYS, Story, given
from write_model.contracts.products import (
    ProductDetailsUpdated,
    ProductDiscontinued,
    ProductEvent,
    ProductPriceChanged,
    ProductRestocked,
    StockReleased,
    StockReserved,
)

ROW = ProductRow(
    id=PRODUCT,
    version=1,
    sku="CB-1",
    name="Crème brûlée",
    description="Sweet",
    category="Food",
    price=450,
    currency="EUR",
    available=5,
    status="ACTIVE",
    added_at=at(1),
    units_sold=0,
    number=0,
)


def marks_of(story: Story) -> dict[str, set[int]]:
    """The sets of numbers by mark, those of prices aside."""
    prefix = KEYS.products_with("")
    marks = {key.removeprefix(prefix): numbers for key, numbers in story.marked().items()}
    return {mark: numbers for mark, numbers in marks.items() if not mark.startswith("price:")}


def fresh(row: ProductRow) -> list[Write]:
    """What a product puts into the index that was always like this."""
    return listed(KEYS, row)


def assert_indexed(story: Story, row: ProductRow) -> None:
    """The index says of the one product what it would say had it always been like this."""
    expected = Story()
    expected.write(fresh(row))
    assert story.product(PRODUCT) == row
    assert story.listed() == expected.listed()
    assert story.marked() == expected.marked()
    assert story.columns == expected.columns
    assert story.counted() == expected.counted()


def test_an_added_product_has_a_row_and_stands_in_the_catalogue() -> None:
    story = given().step(history(PRODUCT, added()))
    assert story.product(PRODUCT) == ROW
    assert story.listed() == {
        KEYS.products("name"): {"creme brulee\x000000000"},
        KEYS.products("newest"): {"0017951670600000000000"},
        KEYS.products("price"): {"0000000000004500000000"},
        KEYS.products("sales"): {"0000000000000000000000"},
        KEYS.product_names(): {"creme brulee\x000000000"},
    }
    words = {"c", "cb", "1", "f", "fo", "foo", "food", "cr", "cre", "crem", "creme"}
    words |= {"b", "br", "bru", "brul", "brule", "brulee"}
    marks = {"every", "active", "in-stock", "category:Food", *(f"word:{word}" for word in words)}
    assert marks_of(story) == {mark: {0} for mark in marks}
    assert story.columns == {
        KEYS.product_ids(): {0: PRODUCT.encode()},
        KEYS.product_labels("name"): {0: b"creme "},
        KEYS.product_labels("newest"): {0: (1795167060000).to_bytes(6, "big")},
        KEYS.product_labels("price"): {0: (450).to_bytes(6, "big")},
        KEYS.product_labels("sales"): {0: bytes(6)},
    }
    assert story.counted() == {(KEYS.categories(), "Food"): 1}
    assert story.notices == [ProductChanged(PRODUCT, 1)]


def test_products_are_numbered_as_they_come() -> None:
    ids = [an_id("prd", n) for n in (3, 1, 2)]
    story = given(*history(ids[0], added())).step([*history(ids[1], added()), *history(ids[2], added())])
    assert [story.product(id).number for id in ids] == [0, 1, 2]
    assert CatalogueRow.decode(story.rows[CatalogueRow, CATALOGUE]) == CatalogueRow(3)
    assert story.columns[KEYS.product_ids()] == {32 * number: id.encode() for number, id in enumerate(ids)}


@pytest.mark.parametrize(
    ("event", "changes"),
    [
        (
            ProductDetailsUpdated(name="Éclair", description="Long", category="Pâtisserie"),
            {"name": "Éclair", "description": "Long", "category": "Pâtisserie"},
        ),
        (ProductDetailsUpdated(name="Crème brûlée", description="", category="Food"), {"description": ""}),
        (ProductPriceChanged(price=1_000_000, currency="EUR"), {"price": 1_000_000}),
        (ProductPriceChanged(price=0, currency="EUR"), {"price": 0}),
        (ProductRestocked(quantity=3), {"available": 8}),
        (StockReserved(order_id=ORDER, quantity=4), {"available": 1, "units_sold": 4}),
        (StockReserved(order_id=ORDER, quantity=5), {"available": 0, "units_sold": 5}),
        (ProductDiscontinued(), {"status": "DISCONTINUED"}),
    ],
)
def test_an_event_changes_the_row_and_all_of_the_index_that_follows_from_it(
    event: ProductEvent, changes: dict[str, Any]
) -> None:
    first, second = history(PRODUCT, added(), event)
    story = given(first).step([second])
    assert_indexed(story, ROW._replace(version=2, **changes))
    assert story.notices == [ProductChanged(PRODUCT, 2)]


def test_available_is_stock_less_what_was_reserved_and_sold_is_what_was_not_released() -> None:
    first, *later = history(
        PRODUCT,
        added(stock=5),
        StockReserved(order_id=ORDER, quantity=4),
        ProductRestocked(quantity=10),
        StockReserved(order_id=ORDER, quantity=11),
        StockReleased(order_id=ORDER, quantity=4),
    )
    story = given(first)
    rows = [story.step([event]).product(PRODUCT) for event in later]
    assert [(row.available, row.units_sold) for row in rows] == [(1, 4), (11, 4), (0, 15), (4, 11)]
    assert_indexed(story, ROW._replace(version=5, available=4, units_sold=11))


def test_a_category_counts_what_can_be_ordered() -> None:
    other = an_id("prd", 2)
    first, updated, discontinued = history(
        PRODUCT,
        added(),
        ProductDetailsUpdated(name="Tea", description="", category="Drinks"),
        ProductDiscontinued(),
    )
    story = given(first, *history(other, added()))
    assert story.counted() == {(KEYS.categories(), "Food"): 2}
    assert story.step([updated]).counted() == {(KEYS.categories(), "Food"): 1, (KEYS.categories(), "Drinks"): 1}
    assert story.step([discontinued]).counted() == {(KEYS.categories(), "Food"): 1}


def test_a_product_that_comes_and_goes_in_one_step_is_not_to_be_ordered() -> None:
    story = given().step(history(PRODUCT, added(), ProductDiscontinued()))
    assert_indexed(story, ROW._replace(version=2, status="DISCONTINUED"))


def test_members_sort_as_the_order_says_and_begin_with_their_label() -> None:
    rows = [ROW._replace(number=n, name=name, price=price, units_sold=price) for n, (name, price) in enumerate(
        [("Ab", 0), ("äb", 7), ("AB c", 7), ("Abc", 10**10), ("b", 10**11)]
    )]  # fmt: skip
    for order in ("name", "price", "sales"):
        members = [member_of(order, row) for row in rows]
        assert members == sorted(members)
        labels = [label_of(order, row) for row in rows]
        assert labels == sorted(labels)
        for member, label in zip(members, labels, strict=True):
            head = member.encode()[:6] if order == "name" else int(member[:15]).to_bytes(6, "big")
            assert head == label


def test_a_price_has_the_marks_of_all_steps_that_it_reaches() -> None:
    assert price_marks(ROW._replace(price=0)) == set()
    assert price_marks(ROW._replace(price=1)) == {"price:1"}
    assert price_marks(ROW._replace(price=11)) - price_marks(ROW._replace(price=10)) == {"price:11"}
