"""Every list of products, against a naive model: random products, changes, queries, directions and cursors."""

import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from redis.asyncio import Redis

from read_model.connection import Reader
from read_model.pages import PageRequest
from read_model.search import Criteria, PriceRange
from tests.read_model.catalogue import Catalogue, product_added
from tests.read_model.decoded import products
from tests.read_model.naive_catalogue import ORDERS, NaiveCatalogue, NaivePage, NaiveProduct, Place, Wanted, words
from tests.read_model.projected import Projected
from write_model.contracts.event import Event
from write_model.contracts.products import (
    ProductDetailsUpdated,
    ProductDiscontinued,
    ProductPriceChanged,
    ProductRestocked,
    StockReleased,
    StockReserved,
)

FIRST = ["Wooden", "Wood", "wool", "Crème", "creme", "Éclair", "Straße", "STRASSE", "Ünder", "東京", "x", "ℌof"]  # noqa: RUF001
SECOND = ["lamp", "Lamp-shade", "table", "brûlée", "2", "20", "2026", "Tee_kanne", "a.b", "Ζεύς", "set"]
CATEGORIES = ["Light", "light", "Möbel", "Food & Drink", "9"]
PRICES = [0, 1, 7, 99, 100, 999, 1000, 1001, 1999, 2000, 3333, 3334, 4999, 5000, 123_456, 99_999_999]


@dataclass
class Shop:
    """The same products twice: as the system has them, and as the model does."""

    rng: random.Random
    catalogue: Catalogue
    model: NaiveCatalogue

    async def add(self, count: int, *, same_beginning: bool = False) -> None:
        rng, added = self.rng, []
        for number in range(count):
            name = f"{rng.choice(FIRST)} {rng.choice(SECOND)} {rng.choice(SECOND)}"
            event = product_added(
                f"Product number {number:05}" if same_beginning else name,
                sku=f"{rng.choice(['AB', 'ab', 'Z'])}-{rng.randrange(2000):04}",
                category=rng.choice(CATEGORIES),
                price=rng.choice(PRICES) if rng.random() < 0.5 else rng.randrange(10 ** rng.randint(1, 6)),
                stock=rng.choice([0, 0, 1, 1_000]),
            )
            added.append((event, float(rng.randrange(count))))
        ids = await self.catalogue.add_all(added)
        for id, (event, second) in zip(ids, added, strict=True):
            number = len(self.model.products)
            self.model.products[id] = NaiveProduct(
                id, number, event.sku, event.name, event.category, event.price, event.stock, second
            )

    async def change(self, product: NaiveProduct) -> None:
        """Something that can happen to the product happens."""
        rng = self.rng
        events: list[Event] = []
        match rng.choice(["price", "restock", "sell", "sell", "return", "rename", "discontinue"]):
            case "price" if not product.discontinued:
                product.price = rng.choice(PRICES)
                events.append(ProductPriceChanged(price=product.price, currency="EUR"))
            case "restock":
                product.stock += 3
                events.append(ProductRestocked(quantity=3))
            case "sell" if product.stock:
                quantity = rng.choice([1, product.stock])
                product.stock, product.sold = product.stock - quantity, product.sold + quantity
                events.append(StockReserved(order_id="ord_1", quantity=quantity))
            case "return" if product.sold:
                events.append(StockReleased(order_id="ord_1", quantity=product.sold))
                product.stock, product.sold = product.stock + product.sold, 0
            case "rename":
                product.name, product.category = f"{rng.choice(SECOND)} {rng.choice(FIRST)}", rng.choice(CATEGORIES)
                events.append(ProductDetailsUpdated(name=product.name, description="", category=product.category))
            case "discontinue" if rng.random() < 0.3:
                product.discontinued = True
                events.append(ProductDiscontinued())
        if events:
            await self.catalogue.change(product.id, *events)

    def query(self) -> Wanted:
        """A query that may find all, some or nothing."""
        rng = self.rng
        asked = [
            words(rng.choice(rng.choice([FIRST, SECOND, CATEGORIES, ["AB-1", "zz", "Product"]]))) or ["!"] for _ in "12"
        ]
        search = " ".join(rng.choice(word)[: rng.randint(1, 9)] for word in asked[: rng.choice([0, 0, 1, 1, 2])])
        return Wanted(
            search=search.upper() if rng.random() < 0.2 else search,
            category=rng.choice([None, None, None, *CATEGORIES]),
            lowest=rng.choice([None, None, *PRICES, rng.randrange(3000)]),
            highest=rng.choice([None, None, *PRICES, rng.randrange(3000)]),
            in_stock=rng.choice([None, None, True, False]),
            include_discontinued=rng.random() < 0.4,
        )


async def a_shop(redis: Redis, seed: int) -> Shop:
    await redis.flushall()
    await Projected(redis).complete()
    return Shop(random.Random(seed), Catalogue(redis), NaiveCatalogue())


def criteria(wanted: Wanted) -> Criteria:
    lowest, highest = (None if price is None else Decimal(price) / 100 for price in (wanted.lowest, wanted.highest))
    return Criteria(
        search=wanted.search,
        category=wanted.category,
        in_stock=wanted.in_stock,
        include_discontinued=wanted.include_discontinued,
        prices=PriceRange.of(lowest, highest, "EUR"),
    )


async def compare(
    shop: Shop, reader: Reader, wanted: Wanted, order: str, known: dict[str, Place], **asked: Any
) -> NaivePage:
    """The same page from both; learns the places of the cursors."""
    found = await products(reader, PageRequest(**asked), criteria(wanted), order)
    places: dict[str, Any] = {name: known[given] if isinstance(given, str) else given for name, given in asked.items()}
    expected = shop.model.page(wanted, order, **places)
    assert [row.id for row in found.rows] == expected.ids, (wanted, order, asked)
    assert found.total_count == expected.total, (wanted, order)
    assert (found.has_previous, found.has_next) == (expected.has_previous, expected.has_next), (wanted, order, asked)
    known.update(zip(found.cursors, expected.places, strict=True))
    return expected


@pytest.mark.parametrize(
    ("seed", "count", "same_beginning"),
    [(1, 12, False), (2, 60, False), (3, 60, True), (4, 700, False), (5, 2_500, False), (6, 2_500, True)],
)
async def test_every_page_is_what_the_naive_model_says(
    redis: Redis, reader: Reader, seed: int, count: int, same_beginning: bool
) -> None:
    shop = await a_shop(redis, seed)
    await shop.add(count, same_beginning=same_beginning)
    rng = shop.rng
    for product in rng.sample([*shop.model.products.values()], min(count, 200)):
        await shop.change(product)
    cursors: dict[str, dict[str, Place]] = {order: {} for order in ORDERS}
    round_trips = set()
    order, wanted = "NAME", Wanted()
    for _ in range(200):
        known = cursors[order]
        # The next page of the same list, or a page of another.
        if rng.random() < 0.6:
            order, wanted = rng.choice([*ORDERS]), shop.query()
            known = cursors[order] if rng.random() < 0.5 else {}
        asked: dict[str, Any] = {rng.choice(["first", "last"]): rng.choice([0, 1, 2, 7, 20, 100])}
        for argument in ("after", "before"):
            if known and rng.random() < 0.4:
                asked[argument] = rng.choice([*known][-30:])
        before = reader.round_trips
        page = await compare(shop, reader, wanted, order, known, **asked)
        cursors[order] |= known
        round_trips.add((bool(page.ids), reader.round_trips - before))
        if rng.random() < 0.3:
            await shop.change(rng.choice([*shop.model.products.values()]))
    assert round_trips <= {(True, 2), (False, 1), (False, 2)}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("order", ORDERS)
async def test_paging_while_products_move_returns_every_untouched_one_exactly_once(
    redis: Redis, reader: Reader, order: str, seed: int
) -> None:
    shop = await a_shop(redis, seed)
    await shop.add(120)
    rng, wanted = shop.rng, Wanted(include_discontinued=seed % 2 == 0)
    there = shop.model.page(wanted, order, first=1_000).ids
    restless = rng.sample([*shop.model.products.values()], 40)
    untouched = [id for id in there if id not in {product.id for product in restless}]
    size, backward, cursor = rng.randint(3, 9), rng.random() < 0.5, None
    seen: list[str] = []
    while True:
        asked = PageRequest(last=size, before=cursor) if backward else PageRequest(first=size, after=cursor)
        page = await products(reader, asked, criteria(wanted), order)
        found = [row.id for row in page.rows]
        seen = found + seen if backward else seen + found
        if not (page.has_previous if backward else page.has_next):
            break
        assert len(found) == size, "a page that is not the last is full"
        cursor = page.cursors[0 if backward else -1]
        for product in rng.sample(restless, 3):
            await shop.change(product)
        if rng.random() < 0.3:
            await shop.add(1)
    assert [id for id in seen if id in untouched] == untouched
