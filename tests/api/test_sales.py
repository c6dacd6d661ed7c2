"""Sales over the API. Others sell meanwhile only as far as these tests do: what they look at are differences."""

from datetime import date, timedelta
from typing import Any

from tests.system import Client

SALES = """query($from: Date!, $to: Date!) {
    salesByDay(from: $from, to: $to) { date orderCount itemCount revenue { amount currencyCode } }
    orderCounts { status count }
}"""


async def test_an_order_enters_its_day_and_leaves_it_when_it_is_cancelled(staff: Client) -> None:
    customer_id, product_id = await staff.register_customer(), await staff.add_product(price="19.90")
    order = await staff.place_order(customer_id, product_id, 3)
    placed_at = (await staff.data("query($id: ID!) { order(id: $id) { placedAt } }", id=order["id"]))["order"][
        "placedAt"
    ]
    day = placed_at[:10]

    async def sold() -> tuple[int, int, int, dict[str, int]]:
        answer = await staff.data(SALES, **{"from": day, "to": day})
        (sales,) = answer["salesByDay"]
        assert (sales["date"], sales["revenue"]["currencyCode"]) == (day, "EUR")
        cents = int(sales["revenue"]["amount"].replace(".", ""))
        counts = {row["status"]: row["count"] for row in answer["orderCounts"]}
        assert list(counts) == ["DRAFT", "PLACED", "CONFIRMED", "SHIPPED", "DELIVERED", "CANCELLED"]
        return sales["orderCount"], sales["itemCount"], cents, counts

    with_it = await sold()
    await staff.receipt("cancelOrder", orderId=order["id"], reason="OTHER")
    without = await sold()
    assert tuple(a - b for a, b in zip(with_it[:3], without[:3], strict=True)) == (1, 3, 5970)
    assert (without[3]["CANCELLED"] - with_it[3]["CANCELLED"], with_it[3]["PLACED"] - without[3]["PLACED"]) == (1, 1)


async def test_a_range_has_every_day_and_at_most_366(staff: Client) -> None:
    def asked(first: date, days: int) -> dict[str, Any]:
        return {"from": first.isoformat(), "to": (first + timedelta(days=days - 1)).isoformat()}

    first = date(2024, 2, 28)
    year = (await staff.data(SALES, **asked(first, 366)))["salesByDay"]
    assert [day["date"] for day in year] == [(first + timedelta(days=n)).isoformat() for n in range(366)]
    assert year[0] == {
        "date": "2024-02-28", "orderCount": 0, "itemCount": 0, "revenue": {"amount": "0.00", "currencyCode": "EUR"}
    }  # fmt: skip
    for days in (367, 0):
        assert await staff.codes(SALES, **asked(first, days)) == ["BAD_USER_INPUT"]
    assert await staff.codes(SALES, **{"from": "yesterday", "to": "2024-02-28"}) == ["BAD_USER_INPUT"]
