"""Pages: what may be asked, and what comes, in both directions and both orders, over several partitions."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from redis.asyncio import Redis

from read_model import orders as baskets
from read_model.connection import Reader
from read_model.errors import BadCursor, BadPage
from read_model.multiplexed import open_connection
from read_model.pages import Bound, Page, PageRequest, Range
from read_model.schema.orders import OrderRow
from read_model.settings import ReadSettings
from tests.read_model.catalogue import Catalogue, product_added
from tests.read_model.decoded import orders, products
from tests.read_model.projected import PARTITIONS, Projected, at, make_id, order_row


async def place(projected: Projected, count: int, **facts: Any) -> list[str]:
    """So many orders, one a second, over all partitions; their ids, oldest first."""
    rows = [order_row(make_id("ord", n % PARTITIONS, n), make_id("cus", n % PARTITIONS), **facts) for n in range(count)]
    for row in rows:
        await projected.order(row)
    return [row.summary.id for row in rows]


def ids(page: Page[OrderRow]) -> list[str]:
    return [row.summary.id for row in page.rows]


def flags(page: Page[Any]) -> tuple[bool, bool]:
    return page.has_previous, page.has_next


@pytest.mark.parametrize(
    "asked", [{"first": -1}, {"last": -1}, {"first": 101}, {"last": 2**31}, {"first": 5, "last": 5}]
)
def test_sizes_that_make_no_sense_are_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(BadPage):
        PageRequest(**asked)


@pytest.mark.parametrize(
    ("asked", "size", "backward"),
    [
        ({}, 20, False),
        ({"first": 0}, 0, False),
        ({"last": 100}, 100, True),
        ({"after": "x"}, 20, False),
        ({"before": "x"}, 20, True),
        ({"after": "x", "before": "y"}, 20, False),
        ({"first": 3, "before": "x"}, 3, False),
    ],
)
def test_twenty_rows_unless_asked_otherwise(asked: dict[str, Any], size: int, backward: bool) -> None:
    request = PageRequest(**asked)
    assert (request.size, request.backward) == (size, backward)


def test_the_tighter_bound_counts() -> None:
    including, excluding = Bound("b", inclusive=True), Bound("b", inclusive=False)
    wide, narrow = Range(including, including), Range(excluding, excluding)
    assert wide.cut(low=excluding, high=excluding) == narrow.cut(low=including, high=including) == narrow
    assert wide.cut(low=Bound("a", inclusive=False), high=Bound("c", inclusive=False)) == wide
    assert Range().cut(low=including) == Range(low=including)


async def test_a_list_is_walked_forward_and_back_again(reader: Reader, projected: Projected) -> None:
    newest = (await place(projected, 7))[::-1]
    one = await orders(reader, page=PageRequest(first=3))
    assert (ids(one), flags(one), one.total_count) == (newest[:3], (False, True), 7)
    two = await orders(reader, page=PageRequest(first=3, after=one.cursors[-1]))
    assert (ids(two), flags(two)) == (newest[3:6], (True, True))
    three = await orders(reader, page=PageRequest(first=3, after=two.cursors[-1]))
    assert (ids(three), flags(three)) == (newest[6:], (True, False))
    back = await orders(reader, page=PageRequest(last=3, before=three.cursors[0]))
    assert (ids(back), flags(back)) == (newest[3:6], (True, True))
    first = await orders(reader, page=PageRequest(last=3, before=back.cursors[0]))
    assert (ids(first), flags(first)) == (newest[:3], (False, True))


async def test_oldest_first(reader: Reader, projected: Projected) -> None:
    oldest = await place(projected, 5)
    one = await orders(reader, page=PageRequest(first=2), newest_first=False)
    assert (ids(one), flags(one)) == (oldest[:2], (False, True))
    two = await orders(reader, page=PageRequest(first=9, after=one.cursors[-1]), newest_first=False)
    assert (ids(two), flags(two)) == (oldest[2:], (True, False))
    end = await orders(reader, page=PageRequest(last=2), newest_first=False)
    assert (ids(end), flags(end)) == (oldest[3:], (True, False))
    middle = await orders(reader, page=PageRequest(last=2, before=end.cursors[0]), newest_first=False)
    assert (ids(middle), flags(middle)) == (oldest[1:3], (True, True))


async def test_between_two_cursors(reader: Reader, projected: Projected) -> None:
    newest = (await place(projected, 6))[::-1]
    cursors = (await orders(reader, page=PageRequest(first=6))).cursors
    between: Any = {"after": cursors[0], "before": cursors[4]}
    first = await orders(reader, page=PageRequest(first=2, **between))
    assert (ids(first), flags(first)) == (newest[1:3], (True, True))
    last = await orders(reader, page=PageRequest(last=2, **between))
    assert (ids(last), flags(last)) == (newest[2:4], (True, True))
    crossed = await orders(reader, page=PageRequest(first=2, after=cursors[4], before=cursors[0]))
    assert (ids(crossed), flags(crossed)) == ([], (True, True))


async def test_a_page_of_nothing_still_says_what_there_is(reader: Reader, projected: Projected) -> None:
    empty = await orders(reader, page=PageRequest(first=0))
    assert (ids(empty), flags(empty), empty.total_count) == ([], (False, False), 0)
    await place(projected, 1)
    none = await orders(reader, page=PageRequest(first=0))
    assert (ids(none), flags(none), none.total_count) == ([], (False, True), 1)
    none = await orders(reader, page=PageRequest(last=0))
    assert (ids(none), flags(none), none.total_count) == ([], (True, False), 1)


async def test_past_the_ends_of_the_list(reader: Reader, projected: Projected) -> None:
    await place(projected, 2)
    all = await orders(reader, page=PageRequest())
    after = await orders(reader, page=PageRequest(first=2, after=all.cursors[-1]))
    assert (ids(after), flags(after)) == ([], (True, False))
    before = await orders(reader, page=PageRequest(last=2, before=all.cursors[0]))
    assert (ids(before), flags(before)) == ([], (False, True))


async def test_a_cursor_goes_on_working_when_its_row_has_gone(reader: Reader, projected: Projected) -> None:
    newest = (await place(projected, 4))[::-1]
    page = await orders(reader, page=PageRequest(first=2))
    await projected.remove_order(page.rows[0])
    await projected.remove_order(page.rows[1])
    after = await orders(reader, page=PageRequest(first=2, after=page.cursors[1]))
    assert (ids(after), flags(after)) == (newest[2:], (False, False))
    before = await orders(reader, page=PageRequest(last=2, before=page.cursors[1]))
    assert (ids(before), flags(before)) == ([], (False, True))


async def test_a_row_that_vanished_between_the_trips_is_left_out(reader: Reader, projected: Projected) -> None:
    newest = (await place(projected, 4))[::-1]
    page = await orders(reader, page=PageRequest(first=3))
    await projected.remove_order(page.rows[1], listed=True)
    again = await orders(reader, page=PageRequest(first=3))
    assert ids(again) == [newest[0], newest[2]]
    assert again.cursors == (page.cursors[0], page.cursors[2])


async def test_orders_of_one_customer_and_of_one_status(reader: Reader, projected: Projected) -> None:
    ada, bob = make_id("cus", 1), make_id("cus", 1 + PARTITIONS)
    rows = [
        order_row(make_id("ord", 1, n), customer, status)
        for n, (customer, status) in enumerate([(ada, "PLACED"), (bob, "PLACED"), (ada, "SHIPPED"), (bob, "SHIPPED")])
    ]
    await projected.order(*rows)
    await place(projected, 3, status="SHIPPED")
    by_ada = await orders(reader, page=PageRequest(), customer_id=ada)
    assert ids(by_ada) == [rows[2].summary.id, rows[0].summary.id]
    shipped = await orders(reader, page=PageRequest(), customer_id=ada, status="SHIPPED")
    assert (ids(shipped), shipped.total_count) == ([rows[2].summary.id], 1)
    assert (await orders(reader, page=PageRequest(), status="SHIPPED")).total_count == 5
    assert (await orders(reader, page=PageRequest(), status="DELIVERED")).total_count == 0


async def test_a_customer_id_that_is_none_has_no_orders(reader: Reader, projected: Projected) -> None:
    await place(projected, 1)
    for id in ("", "x", make_id("ord", 1), "ü" * 10_000):
        page = await orders(reader, page=PageRequest(), customer_id=id)
        assert (page.rows, page.total_count) == ((), 0)


@pytest.mark.parametrize("newest_first", [True, False])
async def test_orders_of_a_time(reader: Reader, projected: Projected, newest_first: bool) -> None:
    placed = await place(projected, 8)
    within: Any = {"created_from": at(2), "created_before": at(6), "newest_first": newest_first}
    expected = placed[2:6][::-1] if newest_first else placed[2:6]
    page = await orders(reader, page=PageRequest(first=2), **within)
    assert (ids(page), flags(page), page.total_count) == (expected[:2], (False, True), 4)
    rest = await orders(reader, page=PageRequest(first=2, after=page.cursors[1]), **within)
    assert (ids(rest), flags(rest), rest.total_count) == (expected[2:], (True, False), 4)
    # A cursor from outside of that time neither widens it nor finds anything before its beginning.
    outside = await orders(reader, page=PageRequest(first=1), newest_first=newest_first)
    page = await orders(reader, page=PageRequest(after=outside.cursors[0]), **within)
    assert (ids(page), flags(page)) == (expected, (False, False))


async def test_the_round_trips_of_a_page_do_not_depend_on_its_size(reader: Reader, projected: Projected) -> None:
    await place(projected, 60)
    for size in (1, 50, 100):
        before = reader.round_trips
        page = await orders(reader, page=PageRequest(first=size))
        assert len(page.rows) == min(size, 60)
        assert reader.round_trips - before == 2


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("status", [None, "PLACED"])
@pytest.mark.parametrize("asked", [{"first": 3}, {"last": 3}, {"first": 0}, {"last": 0}, {"first": 100}])
async def test_an_end_of_a_customers_list_comes_with_its_rows(
    reader: Reader, projected: Projected, asked: dict[str, Any], status: str | None, newest_first: bool
) -> None:
    whose = make_id("cus", 1)
    some = ("PLACED", "DRAFT", "PLACED", "PLACED", "CANCELLED", "PLACED")
    rows = [order_row(make_id("ord", 1, n), whose, its, name="Žofie", second=n) for n, its in enumerate(some)]
    await projected.order(*rows, order_row(make_id("ord", 1, 9), make_id("cus", 1 + PARTITIONS)))
    request, before = PageRequest(**asked), reader.round_trips
    wanted: dict[str, Any] = {"page": request, "customer_id": whose, "status": status, "newest_first": newest_first}
    page = await orders(reader, **wanted)
    assert reader.round_trips - before == 1
    # The beginning of time changes nothing in what is asked, but in how.
    assert page == await orders(reader, **wanted, created_from=datetime.fromtimestamp(0, UTC))
    assert reader.round_trips - before == (3 if request.size else 2)
    listed = [row for row in rows if status in (None, row.summary.status)][:: -1 if newest_first else 1]
    assert page.rows == tuple(listed[len(listed) - request.size :] if request.backward else listed[: request.size])
    parts = await baskets.orders(reader, **wanted, parts=("summary",))
    assert [row.texts for row in parts.rows] == [{"summary": row.summary.encode().decode()} for row in page.rows]


async def test_a_list_may_be_read_by_one_who_may_only_read(
    reader: Reader, redis: Redis, settings: ReadSettings, projected: Projected
) -> None:
    whose = make_id("cus", 1)
    await place(projected, 2)
    await projected.order(order_row(make_id("ord", 1, 9), whose))
    rights = ["-@all", "+@read", "+eval_ro", "+evalsha_ro", "+sort_ro"]
    await redis.acl_setuser("lister", enabled=True, nopass=True, reset=True, keys=["%R~*"], commands=rights)
    url = settings.redis_url.get_secret_value().replace("redis://", "redis://lister:any@")
    confined = ReadSettings.model_validate({**settings.model_dump(), "redis_url": url})
    async with open_connection(confined) as connection:
        for customer_id, count in ((None, 3), (whose, 1)):
            page = await orders(Reader(connection, confined), page=PageRequest(), customer_id=customer_id)
            assert (len(page.rows), page.total_count) == (count, count)


@pytest.mark.parametrize("argument", ["after", "before"])
async def test_what_is_no_cursor_of_the_list_is_refused(reader: Reader, projected: Projected, argument: str) -> None:
    await Catalogue(projected.redis).add(product_added("Lamp"))
    await place(projected, 1)
    of_orders = (await orders(reader, page=PageRequest())).cursors[0]
    of_products = (await products(reader, PageRequest())).cursors[0]
    forged = [base64.urlsafe_b64encode(text.encode()).decode() for text in ("order:+", f"other:{make_id('ord', 1)}")]
    for garbage in ("", "x", "é", "?" * 10, "x" * 10_000, "////", of_orders[:-4], of_products, *forged):
        asked: Any = {argument: garbage}
        with pytest.raises(BadCursor, match=argument):
            await orders(reader, page=PageRequest(**asked))
    forged = [
        base64.urlsafe_b64encode(f"products-by-{rest}".encode()).decode()
        for rest in ("name:", "name:lamp", "name:\x000000000", "name:lamp\x00000000", "name:lamp\x00000000x", "price:1")
    ]
    of_prices = (await products(reader, PageRequest(), order_by="PRICE_LOW_TO_HIGH")).cursors[0]
    for garbage in ("", "x" * 10_000, of_orders, of_prices, *forged):
        asked = {argument: garbage}
        with pytest.raises(BadCursor, match=argument):
            await products(reader, PageRequest(**asked))
