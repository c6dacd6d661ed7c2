"""The counters of sales: three a day, over the orders that were placed on it and not cancelled."""

from typing import NamedTuple


class DayFields(NamedTuple):
    """The fields of a day's counters; `revenue` counts minor units."""

    orders: str
    items: str
    revenue: str


def day_fields(day: str) -> DayFields:
    """The fields of a UTC day, such as "2026-11-20"."""
    return DayFields(f"{day}:orders", f"{day}:items", f"{day}:revenue")


def day_of(moment: str) -> str:
    """The UTC day of a moment as rows have it."""
    return moment[:10]
