"""What a visitor of the soak saw is judged: a true story passes, and each lie is told."""

from collections.abc import Sequence

import pytest

from tests.faults.evidence import Evidence
from tests.faults.history import Attempt, Intent, Outcome
from tests.faults.visits import Visit, what_was_seen_happened

ORDER, PRODUCT, COMMAND = "ord_1", "prd_1", "cmd_1"
EVIDENCE = Evidence(
    journal={
        ORDER: [
            {"version": version, "type": type}
            for version, type in enumerate(("OrderCreated", "OrderItemAdded", "OrderPlaced", "OrderConfirmed"), 1)
        ],
        PRODUCT: [{"version": version, "type": "ProductRestocked"} for version in (1, 2, 3)],
        COMMAND: [{"version": 1, "type": "CommandQueued"}, {"version": 2, "type": "CommandCommitted"}],
    }
)


def visit(kind: str, *seen: tuple[str, int], **variables: str) -> Visit:
    return Visit(kind, "WebSocket", variables, "", began=0.0, seen=list(seen))


def of_order(versions: Sequence[int]) -> list[tuple[str, int]]:
    return [(ORDER, version) for version in versions]


@pytest.mark.parametrize(
    "true",
    [
        visit("status", *of_order([1, 3])),
        visit("orders", *of_order([2, 3, 4])),
        visit("customer"),
        visit("product", (PRODUCT, 1), (PRODUCT, 1), (PRODUCT, 3)),
        visit("command", (COMMAND, 0)),
    ],
)
def test_what_happened_may_be_seen(true: Visit) -> None:
    assert [*what_was_seen_happened([true], EVIDENCE)] == []


@pytest.mark.parametrize(
    "lie",
    [
        visit("status", *of_order([1, 4])),
        visit("status", *of_order([3, 4])),
        visit("status", *of_order([1, 1])),
        visit("orders", *of_order([1, 3])),
        visit("customer", *of_order([2, 2])),
        visit("orders", *of_order([4, 5])),
        visit("product", (PRODUCT, 2), (PRODUCT, 1)),
        visit("product", (PRODUCT, 4)),
        visit("command", (COMMAND, 0), (COMMAND, 0)),
        visit("orders", ("ord_of_nobody", 1)),
    ],
)
def test_what_did_not_happen_is_told(lie: Visit) -> None:
    (told,) = what_was_seen_happened([lie], EVIDENCE)
    assert str(lie) in told


def receipt(name: str, id: str, version: int, client: str = "client-1") -> Intent:
    intent = Intent(client, name, {}, "key", "trace", attempts=[Attempt(1.0, 2.0, 0, Outcome.RECEIPT)])
    intent.receipts.append({"id": id, "version": version})
    return intent


def test_a_visitor_must_see_what_its_subscription_is_about() -> None:
    follows_order, follows_product = visit("status", id=ORDER), visit("product", id=PRODUCT)
    follows_client = Visit("customer", "events", {}, "client-1", 0.0)
    confirmed, added = receipt("confirmOrder", ORDER, 4), receipt("addOrderItem", ORDER, 2)
    assert follows_order.must_see(confirmed)
    assert not follows_order.must_see(added), "it changes no status"
    assert follows_client.must_see(added)
    assert not follows_client.must_see(receipt("addOrderItem", ORDER, 2, "client-2"))
    assert not follows_client.must_see(receipt("cancelOrder", ORDER, 4)), "it may have been cancelled before"
    assert follows_product.must_see(receipt("restockProduct", PRODUCT, 3))
    assert not follows_product.must_see(confirmed)


def test_of_a_product_a_later_version_will_do() -> None:
    assert visit("product", (PRODUCT, 3)).has_seen(PRODUCT, 2)
    assert not visit("orders", (ORDER, 3)).has_seen(ORDER, 2)
