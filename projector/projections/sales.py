"""Sales by day: an order enters the day on which it was placed, and leaves that same day when it is cancelled."""

from projector.writes import Count
from read_model.schema.keys import Keys
from read_model.schema.orders import OrderSummary
from read_model.schema.sales import day_fields, day_of


def entered(keys: Keys, order: OrderSummary, placed_at: str) -> list[Count]:
    """The day with the order."""
    return _counts(keys, order, placed_at, 1)


def left(keys: Keys, order: OrderSummary, placed_at: str) -> list[Count]:
    """The day without the order."""
    return _counts(keys, order, placed_at, -1)


def _counts(keys: Keys, order: OrderSummary, placed_at: str, sign: int) -> list[Count]:
    key, fields = keys.sales(order.currency), day_fields(day_of(placed_at))
    return [
        Count(key, fields.orders, sign),
        Count(key, fields.items, sign * order.item_count),
        Count(key, fields.revenue, sign * order.total),
    ]
