"""What the orders of the shop take in Redis, with all the views that show them."""

from collections import Counter
from typing import Final

from redis import Redis

_ROWS: Final = "order"
_LISTS: Final = "orders"


def bytes_an_order(redis_url: str) -> dict[str, float]:
    """Bytes an order, of its row and of its places in the lists (Redis: MEMORY USAGE of every key, whole).

    The streams are left out: they hold events, for as long as their bounds say, whatever orders there are.
    """
    used: Counter[str] = Counter()
    orders = 0
    with Redis.from_url(redis_url, decode_responses=True) as redis:
        for key in redis.scan_iter("{p*:order*", count=10_000):
            _, _, kind, *_ = key.split(":")
            orders += kind == _ROWS
            used[kind] += redis.memory_usage(key, samples=0) or 0
    rows, lists = used[_ROWS] / orders, used[_LISTS] / orders
    return {"its row": rows, "its places in lists": lists, "together": rows + lists}
