"""Paging through a list while rows are inserted returns every row that was there throughout exactly once, in order."""

from collections.abc import Iterator

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from read_model.connection import Reader
from read_model.pages import PageRequest
from tests.read_model.decoded import orders
from tests.read_model.projected import PARTITIONS, Projected, make_id, order_row

# An order is where it lives and when it was made: inserts may land anywhere in the list, not only at its ends.
placements = st.tuples(st.integers(0, PARTITIONS - 1), st.integers(0, 40))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    there=st.lists(placements, max_size=15),
    inserted=st.lists(st.lists(placements, max_size=3), max_size=12),
    size=st.integers(1, 5),
    newest_first=st.booleans(),
    backward=st.booleans(),
)
async def test_every_row_that_was_there_comes_exactly_once(
    redis: Redis,
    reader: Reader,
    there: list[tuple[int, int]],
    inserted: list[list[tuple[int, int]]],
    size: int,
    newest_first: bool,
    backward: bool,
) -> None:
    await redis.flushall()
    projected = Projected(redis)
    await projected.complete()
    stayed = [await place(projected, placement) for placement in there]
    late: Iterator[list[tuple[int, int]]] = iter(inserted)

    seen: list[str] = []
    cursor = None
    while True:
        asked = PageRequest(last=size, before=cursor) if backward else PageRequest(first=size, after=cursor)
        page = await orders(reader, page=asked, newest_first=newest_first)
        found = [row.summary.id for row in page.rows]
        assert len(found) <= size
        seen = found + seen if backward else seen + found
        if not (page.has_previous if backward else page.has_next):
            break
        assert len(found) == size, "a page that is not the last is full"
        cursor = page.cursors[0 if backward else -1]
        for placement in next(late, []):
            await place(projected, placement)

    assert seen == sorted(set(seen), reverse=newest_first)
    assert set(stayed) <= set(seen)


async def place(projected: Projected, placement: tuple[int, int]) -> str:
    partition, second = placement
    row = order_row(make_id("ord", partition, second), make_id("cus", partition))
    await projected.order(row)
    return row.summary.id
