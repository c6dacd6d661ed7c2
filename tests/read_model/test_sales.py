"""Sales by day and orders by status, summed over the partitions."""

from datetime import date, timedelta

import pytest

from read_model.connection import Reader
from read_model.errors import BadRange
from read_model.sales import DaySales, order_counts, sales_by_day
from read_model.schema.keys import Keys
from read_model.schema.sales import day_fields
from tests.read_model.projected import PARTITIONS, Projected, make_id, moved, order_row

DAY = date(2026, 11, 20)


async def sold(projected: Projected, partition: int, day: date, *counters: int, currency: str = "EUR") -> None:
    fields = dict(zip(day_fields(day.isoformat()), counters, strict=True))
    await projected.redis.hset(Keys(partition, 1).sales(currency), mapping=dict(fields.items()))


async def test_every_day_of_the_range_empty_ones_too(reader: Reader, projected: Projected) -> None:
    await sold(projected, 0, DAY, 2, 5, 3980)
    await sold(projected, 3, DAY, 1, 1, 1)
    await sold(projected, 1, DAY + timedelta(days=2), 1, 4, 100)
    await sold(projected, 2, DAY + timedelta(days=1), 0, 0, 0)  # all cancelled
    await sold(projected, 2, DAY + timedelta(days=3), 9, 9, 9)  # beyond the range
    await sold(projected, 2, DAY, 7, 7, 7, currency="JPY")
    assert await sales_by_day(reader, DAY, DAY + timedelta(days=2), "EUR") == [
        DaySales(DAY, 3, 6, 3981),
        DaySales(DAY + timedelta(days=1), 0, 0, 0),
        DaySales(DAY + timedelta(days=2), 1, 4, 100),
    ]
    assert reader.round_trips == 1


@pytest.mark.parametrize("days", [1, 366])
async def test_a_range_of_one_day_and_of_a_year(reader: Reader, projected: Projected, days: int) -> None:
    found = await sales_by_day(reader, DAY, DAY + timedelta(days=days - 1), "EUR")
    assert [day.day for day in found] == [DAY + timedelta(days=n) for n in range(days)]
    assert reader.round_trips == 1


@pytest.mark.parametrize("days", [-1, 366, 1_000_000])
async def test_what_is_no_range(reader: Reader, projected: Projected, days: int) -> None:
    with pytest.raises(BadRange):
        await sales_by_day(reader, DAY, DAY + timedelta(days=days), "EUR")


async def test_every_status_is_counted(reader: Reader, projected: Projected) -> None:
    rows = [order_row(make_id("ord", n), make_id("cus", n)) for n in range(PARTITIONS)]
    for row in rows:
        await projected.order(row)
    await projected.order(moved(rows[0], "CONFIRMED"))
    await projected.order(order_row(make_id("ord", 1), make_id("cus", 1), "DRAFT"))
    assert list((await order_counts(reader)).items()) == [
        ("DRAFT", 1),
        ("PLACED", 3),
        ("CONFIRMED", 1),
        ("SHIPPED", 0),
        ("DELIVERED", 0),
        ("CANCELLED", 0),
    ]
    assert reader.round_trips == 1
