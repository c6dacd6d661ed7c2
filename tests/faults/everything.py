"""The read model, asked through the API for every field there is, against what the naive shop makes of the journal."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any

from tests.faults.clients import Client
from tests.faults.evidence import PARTITIONS, Evidence
from tests.journeys.documents import selection
from tests.journeys.naive import lists
from tests.journeys.naive.shop import Shop
from write_model.contracts.streams import Position, Token

_PAGE = """query Page($after: String, $t: [ConsistencyToken!]) {
  page: %s(first: 100, after: $after, consistentWith: $t%s) {
    nodes %s pageInfo { hasNextPage endCursor } totalCount
  }
}"""
_REST = f"""query Rest($t: [ConsistencyToken!], $from: Date!, $to: Date!) {{
  orderCounts(consistentWith: $t) {selection("OrderCount")}
  categories(consistentWith: $t) {selection("Category")}
  topProducts(first: 100, consistentWith: $t) {selection("ProductSales")}
  salesByDay(from: $from, to: $to, consistentWith: $t) {selection("DailySales")}
  projection {{ parkedEvents }}
}}"""
_ALL = {"includeDiscontinued": True}

Json = dict[str, Any]


async def check_everything(client: Client, evidence: Evidence, upto: tuple[int, int]) -> list[str]:
    """What the read model shows otherwise than the journal says; `upto` is a cluster time after all its commits."""
    token = Token.at(Position.of_commit(*upto, (1 << 20) - 1), range(PARTITIONS)).encode()
    shop = _shop(evidence)
    pages = (
        _differences(client, token, "orders", "", "Order", lists.orders(shop)),
        _differences(client, token, "customers", "", "Customer", lists.customers(shop)),
        _differences(
            client, token, "products", ", filter: {includeDiscontinued: true}", "Product",
            lists.products(shop, filter=_ALL),
        ),
    )  # fmt: skip
    found = [difference for page in pages async for difference in page]
    days = [order.placed_at.date() for order in shop.orders.values() if order.placed_at] or [date(2026, 1, 1)]
    shown = await client.query(_REST, t=[token], **{"from": min(days).isoformat(), "to": max(days).isoformat()})
    expected: Json = {
        "orderCounts": lists.order_counts(shop),
        "categories": lists.categories(shop),
        "topProducts": lists.top_products(shop, 100),
        "salesByDay": lists.sales_by_day(shop, min(days), max(days)),
        "projection": {"parkedEvents": 0},
    }
    for one in (expected, shown):  # those that sold as many come in any order: the journal here is by aggregate
        one["topProducts"].sort(key=lambda row: row["productId"])
    return [
        *found,
        *(f"{k}: {shown[k]} is shown, the journal says {expected[k]}" for k in shown if shown[k] != expected[k]),
    ]


def _shop(evidence: Evidence) -> Shop:
    """The naive shop knows UTC alone, and does not say so."""
    return Shop.after(
        (
            {**event, "occurred_at": event["occurred_at"].replace(tzinfo=None)}
            for events in evidence.journal.values()
            for event in events
        ),
        "EUR",
    )


async def _differences(
    client: Client, token: str, name: str, more: str, type_name: str, nodes: Sequence[Json]
) -> AsyncIterator[str]:
    expected = {node["id"]: node for node in nodes}
    shown: dict[str, Json] = {}
    after, total = None, 0
    while True:
        page = (await client.query(_PAGE % (name, more, selection(type_name)), after=after, t=[token]))["page"]
        for node in page["nodes"]:
            if node["id"] in shown:
                yield f"{node['id']} is listed twice"
            shown[node["id"]] = node
        after, total = page["pageInfo"]["endCursor"], page["totalCount"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    if total != len(expected):
        yield f"{name}: totalCount is {total}, the journal has {len(expected)}"
    for id in expected.keys() | shown.keys():
        if shown.get(id) != expected.get(id):
            yield f"{id} is shown as {shown.get(id)}, the journal says {expected.get(id)}"
