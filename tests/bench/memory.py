"""What the orders of the shop take in Redis, with all the views that show them."""

from collections import Counter
from itertools import islice
from typing import Final

from redis import Redis

_ROWS: Final = "order"
_LISTS: Final = "orders"
_HISTORY: Final = "order-history"
_AT_ONCE: Final = 1_000


def bytes_an_order(redis_url: str) -> dict[str, float]:
    """Bytes an order, of its row, its places in the lists and its history (Redis: MEMORY USAGE of every key, whole).

    The streams are left out: they hold events, for as long as their bounds say, whatever orders there are.
    """
    used: Counter[str] = Counter()
    orders = 0
    with Redis.from_url(redis_url, decode_responses=True) as redis:
        keys = redis.scan_iter("{p*:order*", count=10_000)
        while part := list(islice(keys, _AT_ONCE)):
            pipeline = redis.pipeline(transaction=False)
            for key in part:
                pipeline.memory_usage(key, samples=0)
            for key, size in zip(part, pipeline.execute(), strict=True):
                _, _, kind, *_ = key.split(":")
                orders += kind == _ROWS
                used[kind] += size or 0
    rows, lists, history = (used[kind] / orders for kind in (_ROWS, _LISTS, _HISTORY))
    return {
        "its row": rows,
        "its places in lists": lists,
        "its history": history,
        "together": rows + lists + history,
    }
