"""Every list and every report of the contract: all there is, filtered, sorted, counted; and pages as slices of a list.

Searches, filters and orders come as the contract's own variables.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from tests.journeys.naive import views
from tests.journeys.naive.shop import Product, Shop
from tests.journeys.naive.views import Json
from tests.read_model.naive_catalogue import folded, words

STATUSES: Final = ("DRAFT", "PLACED", "CONFIRMED", "SHIPPED", "DELIVERED", "CANCELLED")


def page(
    nodes: Sequence[Json],
    *,
    first: int | None = None,
    after: int | None = None,
    last: int | None = None,
    before: int | None = None,
) -> Json:
    """A page of the nodes, without cursors; `after` and `before` are the indexes of the nodes that cursors name."""
    inside = range(0 if after is None else after + 1, len(nodes) if before is None else before)
    if last is not None or (before is not None and after is None and first is None):
        shown = inside[max(0, len(inside) - (20 if last is None else last)) :]
    else:
        shown = inside[: 20 if first is None else first]
    return {
        "edges": [{"node": {"id": nodes[i]["id"]}} for i in shown],
        "nodes": [nodes[i] for i in shown],
        "pageInfo": {"hasNextPage": shown.stop < len(nodes), "hasPreviousPage": shown.start > 0},
        "totalCount": len(nodes),
    }


def is_found(search: str | None, *texts: str) -> bool:
    """Whether every word of the search begins a word of the texts, case and accents aside."""
    there = [word for text in texts for word in words(text)]
    return all(any(word.startswith(asked) for word in there) for asked in words(search or ""))


def customers(shop: Shop, search: str | None = None) -> list[Json]:
    """By name, then by the time of their registration."""
    found = [it for it in shop.customers.values() if is_found(search, it.name, it.email)]
    found.sort(key=lambda it: (folded(it.name), it.id))
    return [views.customer(shop, it) for it in found]


def products(
    shop: Shop, search: str | None = None, filter: Mapping[str, Any] | None = None, order_by: str = "NAME"
) -> list[Json]:
    """Those that are found and wanted; equals in the order in which they were added, or all the other way round."""
    orders: dict[str, tuple[Callable[[Product], Any], bool]] = {
        "NAME": (lambda it: folded(it.name), False),
        "NEWEST": (lambda it: it.added_at, True),
        "PRICE_LOW_TO_HIGH": (lambda it: it.price, False),
        "PRICE_HIGH_TO_LOW": (lambda it: it.price, True),
        "BEST_SELLING": (lambda it: shop.units_sold(it.id), True),
    }
    sorted_by, backwards = orders[order_by]
    found = sorted(
        (
            it
            for it in shop.products.values()
            if is_found(search, it.name, it.sku, it.category) and _is_wanted(shop, it, filter or {})
        ),
        key=sorted_by,
    )
    return [views.product(shop, it) for it in (found[::-1] if backwards else found)]


def _is_wanted(shop: Shop, it: Product, filter: Mapping[str, Any]) -> bool:
    category, in_stock = filter.get("category"), filter.get("inStock")
    lowest, highest = filter.get("minPrice"), filter.get("maxPrice")
    return (
        (category is None or it.category == category)
        and (in_stock is None or (it.delivered - shop.units_sold(it.id) > 0) == in_stock)
        and (lowest is None or it.price >= Decimal(lowest))
        and (highest is None or it.price <= Decimal(highest))
        and (it.status == "ACTIVE" or bool(filter.get("includeDiscontinued")))
    )


def orders(
    shop: Shop,
    filter: Mapping[str, Any] | None = None,
    order_by: str = "NEWEST",
    *,
    caller: str | None = None,
) -> list[Json]:
    """Those that the caller (a customer's id, None: staff) may see, by creation; of one moment, by id."""
    wanted = filter or {}
    customer_id, status = wanted.get("customerId"), wanted.get("status")
    from_, before = _utc(wanted.get("createdFrom")), _utc(wanted.get("createdBefore"))
    found = [
        it
        for it in shop.orders.values()
        if caller in (None, it.customer_id)
        and customer_id in (None, it.customer_id)
        and status in (None, it.status)
        and (from_ is None or it.created_at >= from_)
        and (before is None or it.created_at < before)
    ]
    found.sort(key=lambda it: (it.created_at, it.id), reverse=order_by == "NEWEST")
    return [views.order(shop, it) for it in found]


def _utc(text: str | None) -> datetime | None:
    """As the journal has moments: in UTC, without saying so."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None) if text else None


def categories(shop: Shop) -> list[Json]:
    """Those of products that are not discontinued."""
    counts = Counter(it.category for it in shop.products.values() if it.status == "ACTIVE")
    return [{"name": name, "productCount": counts[name]} for name in sorted(counts, key=lambda it: (folded(it), it))]


def top_products(shop: Shop, first: int = 10) -> list[Json]:
    """Discontinued ones too; what never sold is no seller."""
    best = products(shop, filter={"includeDiscontinued": True}, order_by="BEST_SELLING")
    return [
        {"productId": it["id"], "sku": it["sku"], "name": it["name"], "unitsSold": units}
        for it in best
        if (units := shop.units_sold(it["id"]))
    ][:first]


def order_counts(shop: Shop) -> list[Json]:
    counts = Counter(it.status for it in shop.orders.values())
    return [{"status": status, "count": counts[status]} for status in STATUSES]


def sales_by_day(shop: Shop, first: date, last: date) -> list[Json]:
    """Every UTC day from the first to the last, with the orders that were placed on it."""
    sales = []
    for day in (first + timedelta(days=n) for n in range((last - first).days + 1)):
        placed = [it for it in shop.orders.values() if it.is_sold and it.placed_at and it.placed_at.date() == day]
        sales.append(
            {
                "date": day.isoformat(),
                "orderCount": len(placed),
                "itemCount": sum(it.units for it in placed),
                "revenue": views.money(sum((it.total for it in placed), Decimal()), shop.currency),
            }
        )
    return sales
