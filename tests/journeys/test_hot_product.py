"""Many customers want the last units of one product at the same moment."""

import asyncio
from collections import Counter

from tests.system import ADDRESS, PLACE_ORDER, Client

UNITS = 50
ORDERS = 200


async def test_stock_is_sold_to_the_last_unit_and_not_beyond(staff: Client) -> None:
    customer_id = await staff.register_customer()
    product_id = await staff.add_product(stock=UNITS)
    order = {
        "customerId": customer_id,
        "lines": [{"productId": product_id, "quantity": 1}],
        "shippingAddress": ADDRESS,
    }

    answers = await asyncio.gather(*(staff.data(PLACE_ORDER, input=order) for _ in range(ORDERS)))

    results = [answer["placeOrder"] for answer in answers]
    codes = Counter(error["code"] for result in results for error in result["userErrors"])
    receipts = [result["receipt"] for result in results if result["receipt"]]
    assert codes == {"INSUFFICIENT_STOCK": ORDERS - UNITS}
    assert len({receipt["id"] for receipt in receipts}) == UNITS

    tokens = [receipt["consistencyToken"] for receipt in receipts]
    shown = await staff.data(
        """query($product: ID!, $customer: ID!, $with: [ConsistencyToken!]) {
            product(id: $product, consistentWith: $with) { available }
            customer(id: $customer, consistentWith: $with) { orderCount orders { totalCount } }
        }""",
        product=product_id,
        customer=customer_id,
        **{"with": tokens},
    )
    assert shown == {"product": {"available": 0}, "customer": {"orderCount": UNITS, "orders": {"totalCount": UNITS}}}
