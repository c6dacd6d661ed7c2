"""What product events make of the read model."""

from dataclasses import replace

from read_model.schema.products import ProductRow, name_member
from tests.projector.events import ORDER, PRODUCT, added, at, history
from tests.projector.story import KEYS, given
from write_model.contracts.products import (
    ProductDiscontinued,
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
)
BY_NAME = {KEYS.products_by_name(): {name_member("Crème brûlée", PRODUCT)}}


def test_an_added_product_has_a_row_and_stands_in_the_catalogue() -> None:
    story = given().step(history(PRODUCT, added()))
    assert story.product(PRODUCT) == ROW
    assert story.listed() == BY_NAME
    assert story.notices == []


def test_a_price_change_changes_the_price() -> None:
    first, second = history(PRODUCT, added(), ProductPriceChanged(price=500, currency="EUR"))
    story = given(first).step([second])
    assert story.product(PRODUCT) == replace(ROW, version=2, price=500)
    assert story.listed() == BY_NAME


def test_available_is_stock_less_what_was_reserved() -> None:
    first, *later = history(
        PRODUCT,
        added(stock=5),
        StockReserved(order_id=ORDER, quantity=4),
        ProductRestocked(quantity=10),
        StockReserved(order_id=ORDER, quantity=3),
        StockReleased(order_id=ORDER, quantity=4),
    )
    story = given(first)
    available = [story.step([event]).product(PRODUCT).available for event in later]
    assert available == [1, 11, 8, 12]
    assert story.product(PRODUCT) == replace(ROW, version=5, available=12)


def test_a_discontinued_product_keeps_its_row_and_leaves_the_catalogue() -> None:
    first, second = history(PRODUCT, added(), ProductDiscontinued())
    story = given(first).step([second])
    assert story.product(PRODUCT) == replace(ROW, version=2, status="DISCONTINUED")
    assert story.listed() == {}


def test_a_product_that_comes_and_goes_in_one_step_is_not_in_the_catalogue() -> None:
    story = given().step(history(PRODUCT, added(), ProductDiscontinued()))
    assert story.listed() == {}
