"""The read model, asked through the API, against what the journal says that it must show."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from tests.faults.clients import Client
from tests.faults.evidence import PARTITIONS, STATUS_OF, Document, Evidence
from write_model.contracts.codec import encode_time
from write_model.contracts.streams import Position, Token

_PAGE = """query Page($after: String, $t: [ConsistencyToken!]) {
  page: %s(first: 100, after: $after, consistentWith: $t%s) {
    nodes { %s } pageInfo { hasNextPage endCursor } totalCount
  }
}"""
_ORDER = """id version status customer { id name } itemCount total { amount }
  timeline { version status } lines { productId quantity }"""
_CUSTOMER = "id version name email orderCount totalSpent { amount }"
_PRODUCT = "id version sku price { amount } available"
_REST = """query Rest($t: [ConsistencyToken!], $from: Date!, $to: Date!) {
  orderCounts(consistentWith: $t) { status count }
  topProducts(first: 100, consistentWith: $t) { productId unitsSold }
  salesByDay(from: $from, to: $to, consistentWith: $t) { date orderCount itemCount revenue { amount } }
  projection { parkedEvents }
}"""


async def check_everything(client: Client, evidence: Evidence, upto: tuple[int, int]) -> list[str]:
    """What the read model shows otherwise than the journal says; `upto` is a cluster time after all its commits."""
    token = Token.at(Position.of_commit(*upto, (1 << 20) - 1), range(PARTITIONS)).encode()
    orders = {id: _order(events) for id, events in evidence.of_kind("ord")}
    names = {id: _name(events) for id, events in evidence.of_kind("cus")}
    for order in orders.values():
        order["customer"]["name"] = names[order["customer"]["id"]]
    found = [
        *[d async for d in _differences(client, token, "orders", "", _ORDER, orders)],
        *[d async for d in _differences(client, token, "customers", "", _CUSTOMER, _customers(evidence, orders))],
        *[
            d
            async for d in _differences(
                client, token, "products", ", filter: {includeDiscontinued: true}", _PRODUCT, _products(evidence)
            )
        ],
    ]
    days = _days(evidence)
    rest = await client.query(
        _REST, t=[token], **{"from": min(days, default="2026-01-01"), "to": max(days, default="2026-01-01")}
    )
    expected: dict[str, Any] = {
        "orderCounts": {status: n for status, n in Counter(order["status"] for order in orders.values()).items() if n},
        "topProducts": {id: n for id, n in _units_sold(evidence).items() if n},
        "salesByDay": days,
        "projection": {"parkedEvents": 0},
    }
    shown = {
        "orderCounts": {row["status"]: row["count"] for row in rest["orderCounts"] if row["count"]},
        "topProducts": {row["productId"]: row["unitsSold"] for row in rest["topProducts"] if row["unitsSold"]},
        "salesByDay": {
            row["date"]: (row["orderCount"], row["itemCount"], _cents(row["revenue"])) for row in rest["salesByDay"]
        },
        "projection": rest["projection"],
    }
    return [
        *found,
        *(f"{k}: {shown[k]} is shown, the journal says {expected[k]}" for k in shown if shown[k] != expected[k]),
    ]


async def _differences(
    client: Client, token: str, name: str, more: str, fields: str, expected: dict[str, dict[str, Any]]
) -> AsyncIterator[str]:
    shown: dict[str, dict[str, Any]] = {}
    after, total = None, 0
    while True:
        page = (await client.query(_PAGE % (name, more, fields), after=after, t=[token]))["page"]
        for node in page["nodes"]:
            if node["id"] in shown:
                yield f"{node['id']} is listed twice"
            shown[node["id"]] = _plain(node)
        after, total = page["pageInfo"]["endCursor"], page["totalCount"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    if total != len(expected):
        yield f"{name}: totalCount is {total}, the journal has {len(expected)}"
    for id in expected.keys() | shown.keys():
        if shown.get(id) != expected.get(id):
            yield f"{id} is shown as {shown.get(id)}, the journal says {expected.get(id)}"


def _plain(node: dict[str, Any]) -> dict[str, Any]:
    """The node with its amounts in minor units."""
    return {
        key: _cents(value) if isinstance(value, dict) and value.keys() == {"amount"} else value
        for key, value in node.items()
    }


def _cents(money: dict[str, str]) -> int:
    return round(float(money["amount"]) * 100)


def _order(events: list[Document]) -> dict[str, Any]:
    lines: dict[str, tuple[int, int]] = {}
    timeline: list[dict[str, Any]] = []
    for event in events:
        data = event["data"]
        match event["type"]:
            case "OrderPlaced":
                lines = {line["product_id"]: (line["quantity"], line["unit_price"]) for line in data["lines"]}
            case "OrderItemAdded":
                line = data["line"]
                lines[line["product_id"]] = (line["quantity"], line["unit_price"])
            case "OrderItemQuantityChanged":
                lines[data["product_id"]] = (data["quantity"], lines[data["product_id"]][1])
            case "OrderItemRemoved":
                del lines[data["product_id"]]
        if event["type"] in STATUS_OF:
            timeline.append({"version": event["version"], "status": STATUS_OF[event["type"]]})
    return {
        "id": events[0]["aggregate_id"],
        "version": events[-1]["version"],
        "status": timeline[-1]["status"],
        "customer": {"id": events[0]["data"]["customer_id"]},
        "itemCount": sum(quantity for quantity, _ in lines.values()),
        "total": sum(quantity * price for quantity, price in lines.values()),
        "timeline": timeline,
        "lines": [{"productId": id, "quantity": quantity} for id, (quantity, _) in lines.items()],
    }


def _is_sold(order: dict[str, Any]) -> bool:
    return order["status"] not in ("DRAFT", "CANCELLED")


def _name(events: list[Document]) -> str:
    return str([event["data"]["name"] for event in events if "name" in event["data"]][-1])


def _customers(evidence: Evidence, orders: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    customers = {}
    for id, events in evidence.of_kind("cus"):
        sold = [order for order in orders.values() if order["customer"]["id"] == id and _is_sold(order)]
        customers[id] = {
            "id": id,
            "version": events[-1]["version"],
            "name": _name(events),
            "email": [event["data"]["email"] for event in events if "email" in event["data"]][-1],
            "orderCount": len(sold),
            "totalSpent": sum(order["total"] for order in sold),
        }
    return customers


def _products(evidence: Evidence) -> dict[str, dict[str, Any]]:
    products = {}
    for id, events in evidence.of_kind("prd"):
        added = events[0]["data"]
        sign = {"ProductRestocked": 1, "StockReleased": 1, "StockReserved": -1}
        products[id] = {
            "id": id,
            "version": events[-1]["version"],
            "sku": added["sku"],
            "price": [event["data"]["price"] for event in events if "price" in event["data"]][-1],
            "available": added["stock"] + sum(sign.get(e["type"], 0) * e["data"].get("quantity", 0) for e in events),
        }
    return products


def _units_sold(evidence: Evidence) -> dict[str, int]:
    sign = {"StockReleased": -1, "StockReserved": 1}
    return {
        id: sum(sign.get(e["type"], 0) * e["data"].get("quantity", 0) for e in events)
        for id, events in evidence.of_kind("prd")
    }


def _days(evidence: Evidence) -> dict[str, tuple[int, int, int]]:
    days: dict[str, tuple[int, int, int]] = {}
    for _, events in evidence.of_kind("ord"):
        order = _order(events)
        if _is_sold(order):
            day = next(encode_time(e["occurred_at"])[:10] for e in events if e["type"] == "OrderPlaced")
            count, items, revenue = days.get(day, (0, 0, 0))
            days[day] = (count + 1, items + order["itemCount"], revenue + order["total"])
    return days
