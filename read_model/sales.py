"""Queries for sales by day and for how many orders there are in each status."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from read_model.connection import Reader
from read_model.errors import BadRange
from read_model.multiplexed import Command
from read_model.schema.keys import Keys
from read_model.schema.orders import STATUSES
from read_model.schema.sales import DayFields, day_fields

MOST_DAYS: Final = 366


@dataclass(frozen=True, slots=True)
class DaySales:
    """The orders placed on a UTC day, cancelled ones left out; `revenue` in minor units."""

    day: date
    order_count: int
    item_count: int
    revenue: int


async def sales_by_day(reader: Reader, first: date, last: date, currency: str) -> list[DaySales]:
    """Every day from the first to the last, sales in that currency; BadRange, Unavailable. One round trip."""
    if last < first:
        raise BadRange(problem=f"`from` is {first} and `to` is {last}, which is earlier")
    count = (last - first).days + 1
    if count > MOST_DAYS:
        raise BadRange(problem=f"these are {count} days, and {MOST_DAYS} may be asked for at once")
    days = [first + timedelta(days=n) for n in range(count)]
    fields = [field for day in days for field in day_fields(day.isoformat())]

    def counters(keys: Keys) -> list[Command]:
        return [("HMGET", keys.sales(currency), *fields)]

    replies = await reader.read(dict.fromkeys(range(reader.partitions), counters))
    parts = [[int(value or 0) for value in values] for (values,) in replies.values()]
    sums = [sum(values) for values in zip(*parts, strict=True)]
    width = len(DayFields._fields)
    return [DaySales(day, *sums[n * width : (n + 1) * width]) for n, day in enumerate(days)]


async def order_counts(reader: Reader) -> dict[str, int]:
    """How many orders there are in each status, in the order of their lives; Unavailable. One round trip."""

    def sizes(keys: Keys) -> list[Command]:
        return [("ZCARD", keys.orders(status=status)) for status in STATUSES]

    replies = await reader.read(dict.fromkeys(range(reader.partitions), sizes))
    return dict(zip(STATUSES, map(sum, zip(*replies.values(), strict=True)), strict=True))
