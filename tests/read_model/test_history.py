"""The history of an order beside its row, page by page."""

import pytest
from redis.asyncio import Redis

from read_model.connection import Reader
from read_model.errors import BadCursor
from read_model.history import order_history
from read_model.pages import PageRequest
from read_model.schema.keys import Keys
from tests.read_model.projected import PARTITIONS, Projected, make_id, moved, order_row
from write_model.contracts.streams import partition_of

ROW = moved(moved(order_row(make_id("ord", 1), make_id("cus", 1)), "CONFIRMED"), "SHIPPED")
ID = ROW.summary.id


async def versions(reader: Reader, page: PageRequest) -> tuple[list[int], bool, bool]:
    found = await order_history(reader, ID, page)
    assert found is not None
    assert found.order.id == ID
    assert found.page.total_count == 3
    return [happened.remembered.version for happened in found.page.nodes], found.page.has_previous, found.page.has_next


async def test_it_is_read_page_by_page(reader: Reader, projected: Projected) -> None:
    await projected.order(ROW)
    await projected.history(ROW)
    assert await versions(reader, PageRequest()) == ([1, 2, 3], False, False)
    assert await versions(reader, PageRequest(first=2)) == ([1, 2], False, True)
    assert await versions(reader, PageRequest(first=2, after="2")) == ([3], True, False)
    assert await versions(reader, PageRequest(after="3")) == ([], True, False)
    assert await versions(reader, PageRequest(first=0)) == ([], False, True)
    found = await order_history(reader, ID, PageRequest(first=1))
    assert found is not None
    assert (found.is_whole, found.page.nodes[0].id, found.page.end_cursor) == (True, f"{ID}@1", "1")
    assert found.page.nodes[0].remembered.data == {"customer_id": ROW.summary.customer_id, "note": 'a "note"\n'}


async def test_one_that_lacks_its_beginning_says_so(reader: Reader, projected: Projected, redis: Redis) -> None:
    await projected.order(ROW)
    await projected.history(ROW)
    await redis.ltrim(Keys(partition_of(ID, PARTITIONS), 1).order_history(ID), 1, -1)
    found = await order_history(reader, ID, PageRequest(first=1))
    assert found is not None
    assert (found.is_whole, found.page.total_count, found.page.nodes[0].remembered.version) == (False, 2, 2)
    later = await order_history(reader, ID, PageRequest(first=1, after="2"))
    assert later is not None
    assert later.page.nodes[0].remembered.version == 3


async def test_an_event_that_comes_while_both_are_read_does_no_harm(reader: Reader, projected: Projected) -> None:
    await projected.order(ROW)
    await projected.history(moved(ROW, "DELIVERED"))
    found = await order_history(reader, ID, PageRequest(after="3"))
    assert found is not None
    assert (found.is_whole, [happened.remembered.version for happened in found.page.nodes]) == (True, [4])


async def test_there_is_none_of_what_there_is_not(reader: Reader, projected: Projected) -> None:
    for id in (make_id("ord", 2), make_id("cus", 2), "nonsense"):
        assert await order_history(reader, id, PageRequest()) is None


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", "9" * 16, "\u0661"])
async def test_a_cursor_is_a_version(reader: Reader, projected: Projected, cursor: str) -> None:
    with pytest.raises(BadCursor):
        await order_history(reader, ID, PageRequest(after=cursor))
