"""The catalogue: searches by example, categories, best sellers, and the changes of a product."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from decimal import Decimal

import pytest
from redis.asyncio import Redis

from read_model.changes import Changes
from read_model.connection import Reader
from read_model.errors import BadSearch, ProductUnknown
from read_model.multiplexed import open_connection
from read_model.pages import PageRequest
from read_model.products import SORTINGS, Category, categories
from read_model.schema.products import ProductRow
from read_model.search import LONGEST_SEARCH, Criteria, PriceRange
from read_model.settings import ReadSettings
from tests.read_model.catalogue import Catalogue, product_added
from tests.read_model.decoded import product_changes, products, top_products
from tests.read_model.patience import PATIENCE
from tests.read_model.projected import Projected, make_id
from write_model.contracts.products import (
    ProductDetailsUpdated,
    ProductDiscontinued,
    ProductPriceChanged,
    ProductRestocked,
    StockReleased,
    StockReserved,
)


@pytest.fixture
def catalogue(redis: Redis, projected: Projected) -> Catalogue:
    return Catalogue(redis)


async def names(reader: Reader, search: str = "", **changes: object) -> list[str]:
    criteria = Criteria(search=search, **changes)  # type: ignore[arg-type]
    return [row.name for row in (await products(reader, PageRequest(first=100), criteria)).rows]


async def test_by_name_case_and_accents_do_not_count(reader: Reader, catalogue: Catalogue) -> None:
    for name in ("éclair", "Apfel", "Zimt", "Eclipse", "apfel", "Ärmel"):
        await catalogue.add(product_added(name))
    assert await names(reader) == ["Apfel", "apfel", "Ärmel", "éclair", "Eclipse", "Zimt"]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", ["Crème brûlée", "Table lamp"]),
        ("  -!%  ", ["Crème brûlée", "Table lamp"]),
        ("creme", ["Crème brûlée"]),
        ("CRÈ BRUL", ["Crème brûlée"]),
        ("brulee-creme", ["Crème brûlée"]),
        ("reme", []),
        ("creme lamp", []),
        ("tab lam lights", ["Table lamp"]),
        ("tl-0", ["Table lamp"]),
        ("042", ["Table lamp"]),
        ("042 t l", ["Table lamp"]),
        ("tablelamp", []),
        ("l" * LONGEST_SEARCH, []),
        ("a b c d e f g h", []),
        ("t t t t t t t t t t", ["Table lamp"]),
    ],
)
async def test_every_word_is_the_beginning_of_one_of_name_sku_or_category(
    reader: Reader, catalogue: Catalogue, search: str, found: list[str]
) -> None:
    await catalogue.add(product_added("Crème brûlée", sku="CB-1", category="Food"))
    await catalogue.add(product_added("Table lamp", sku="TL-042", category="Lights & more"))
    assert await names(reader, search) == found


@pytest.mark.parametrize("search", ["x" * (LONGEST_SEARCH + 1), "a b c d e f g h i"])
def test_a_search_of_more_words_or_characters_than_make_sense_is_refused(search: str) -> None:
    with pytest.raises(BadSearch, match=r"^search: has at most"):
        Criteria(search=search)


@pytest.mark.parametrize(
    ("lowest", "highest", "currency", "expected"),
    [
        (None, None, "EUR", PriceRange()),
        ("19.90", "20", "EUR", (1990, 2001)),
        ("19.901", "19.999", "EUR", (1991, 2000)),
        ("-5", "-0.01", "EUR", (0, 0)),
        ("0", "0", "EUR", (0, 1)),
        ("1.5", "1.5", "JPY", (2, 2)),
        ("1.5", "1.5", "KWD", (1500, 1501)),
        ("9" * 18, "9" * 18, "EUR", (2**48 - 1, 2**48 - 1)),
        ("0.000000001", "0.000000001", "EUR", (1, 1)),
    ],
)
def test_amounts_become_a_range_of_minor_units(
    lowest: str | None, highest: str | None, currency: str, expected: tuple[int, int]
) -> None:
    amounts = [None if text is None else Decimal(text) for text in (lowest, highest)]
    assert PriceRange.of(amounts[0], amounts[1], currency) == expected


async def test_a_discontinued_product_is_found_where_that_is_asked_for(reader: Reader, catalogue: Catalogue) -> None:
    await catalogue.add(product_added("Lamp"))
    await catalogue.change(await catalogue.add(product_added("Old lamp")), ProductDiscontinued())
    assert await names(reader, "lamp") == ["Lamp"]
    assert await names(reader, "lamp", include_discontinued=True) == ["Lamp", "Old lamp"]


async def test_a_renamed_product_is_found_by_its_new_words_only(reader: Reader, catalogue: Catalogue) -> None:
    id = await catalogue.add(product_added("Lamp", sku="L-1", category="Light"))
    await catalogue.change(id, ProductDetailsUpdated(name="Torch", description="", category="Camping"))
    assert [await names(reader, word) for word in ("lamp", "light", "l 1", "torch", "camp")] == [
        [], [], ["Torch"], ["Torch"], ["Torch"],
    ]  # fmt: skip


@pytest.mark.parametrize("order_by", SORTINGS)
async def test_two_round_trips_whatever_is_asked(reader: Reader, catalogue: Catalogue, order_by: str) -> None:
    await catalogue.add_all([(product_added(f"Lamp {n}", sku=f"L-{n}"), float(n)) for n in range(150)])
    every = Criteria(search="l lamp", category="Light", in_stock=True, prices=PriceRange(1, 10_000))
    for criteria in (Criteria(), every):
        cursor = None
        for size in (1, 50, 99):
            before = reader.round_trips
            page = await products(reader, PageRequest(first=size, after=cursor), criteria, order_by)
            assert (len(page.rows), page.total_count) == (size, 150)
            assert reader.round_trips - before == 2
            cursor = page.cursors[-1]


async def test_a_search_touches_keys_of_its_partition_only_and_changes_nothing(
    redis: Redis, settings: ReadSettings, catalogue: Catalogue
) -> None:
    await catalogue.add(product_added("Lamp"))
    rights = ["-@all", "+@read", "+eval_ro", "+evalsha_ro"]
    await redis.acl_setuser("reader", enabled=True, nopass=True, reset=True, keys=["{p0}:*"], commands=rights)
    url = settings.redis_url.get_secret_value().replace("redis://", "redis://reader:any@")
    confined = ReadSettings.model_validate({**settings.model_dump(), "redis_url": url})
    async with open_connection(confined) as connections:
        criteria = Criteria(search="lamp", category="Light", in_stock=True, prices=PriceRange(7, 9_999))
        for order_by in SORTINGS:
            assert (await products(Reader(connections, confined), PageRequest(), criteria, order_by)).total_count == 1


async def test_categories_by_name_with_what_can_be_ordered(reader: Reader, catalogue: Catalogue) -> None:
    assert await categories(reader) == []
    ids = [
        await catalogue.add(product_added(category=name)) for name in ("tea", "Éclairs", "Tea", "Tea", "Gone", "eggs")
    ]
    await catalogue.change(ids[4], ProductDiscontinued())
    await catalogue.change(ids[2], ProductDetailsUpdated(name="Lamp", description="", category="Éclairs"))
    assert await categories(reader) == [
        Category("Éclairs", 2), Category("eggs", 1), Category("Tea", 1), Category("tea", 1),
    ]  # fmt: skip
    assert reader.round_trips == 2


async def test_best_sellers_by_units_that_were_not_given_back(reader: Reader, catalogue: Catalogue) -> None:
    ids = [await catalogue.add(product_added(name, stock=100)) for name in ("A", "B", "C", "D")]
    sold = {ids[0]: 5, ids[1]: 30, ids[2]: 10}
    for id, quantity in sold.items():
        await catalogue.change(id, StockReserved(order_id="ord_1", quantity=quantity))
    await catalogue.change(ids[1], StockReleased(order_id="ord_1", quantity=30))
    await catalogue.change(ids[0], ProductDiscontinued())
    best = await top_products(reader, PageRequest(first=10))
    assert [(row.name, row.units_sold) for row in best] == [("C", 10), ("A", 5)]
    assert reader.round_trips == 2
    assert [row.name for row in await top_products(reader, PageRequest(first=1))] == ["C"]
    assert await top_products(reader, PageRequest(first=0)) == []


@asynccontextmanager
async def following(reader: Reader, changes: Changes, id: str) -> AsyncIterator[AsyncIterator[ProductRow]]:
    async with asyncio.timeout(PATIENCE), aclosing(product_changes(reader, changes, id)) as stream:
        yield stream


async def test_a_product_is_seen_now_and_at_each_change(reader: Reader, changes: Changes, catalogue: Catalogue) -> None:
    other, id = await catalogue.add(product_added("Other")), await catalogue.add(product_added("Lamp"))
    await catalogue.change(id, ProductRestocked(quantity=1))
    async with following(reader, changes, id) as stream:
        assert (await anext(stream)).available == 6
        await catalogue.change(other, ProductRestocked(quantity=1))
        await catalogue.change(id, ProductPriceChanged(price=5, currency="EUR"))
        assert (await anext(stream)).price == 5
        await catalogue.change(id, ProductDetailsUpdated(name="Torch", description="", category="Light"))
        assert (await anext(stream)).name == "Torch"
        await catalogue.change(id, ProductDiscontinued())
        assert (await anext(stream)).status == "DISCONTINUED"


async def test_whoever_takes_their_time_sees_the_product_as_it_is_and_is_not_ended(
    reader: Reader, changes: Changes, catalogue: Catalogue
) -> None:
    id = await catalogue.add(product_added(stock=0))
    async with following(reader, changes, id) as stream:
        assert (await anext(stream)).available == 0
        for _ in range(5):
            await catalogue.change(id, *[ProductRestocked(quantity=1)] * 20)
        while (await anext(stream)).available < 100:
            pass


async def test_a_product_that_there_is_not_cannot_be_followed(
    reader: Reader, changes: Changes, catalogue: Catalogue
) -> None:
    for id in ("", "prd_x", make_id("prd", 0), make_id("ord", 0)):
        with pytest.raises(ProductUnknown):
            async with following(reader, changes, id) as stream:
                await anext(stream)
    assert changes._followers[0]._everyone() == []
