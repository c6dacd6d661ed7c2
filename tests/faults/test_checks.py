"""Every check of the fault suite is seen failing: a small true story, and one lie at a time."""

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.faults import checks
from tests.faults.evidence import PARTITIONS, POISON, Document, Evidence
from tests.faults.history import Attempt, Intent, Outcome
from write_model.commands import AGGREGATES
from write_model.contracts.streams import partition_of
from write_model.mongo.journal import from_document

AT = datetime(2026, 1, 1, tzinfo=UTC)
DUE = "2026-01-01T00:00:20.000Z"
CUSTOMER, PRODUCT, ORDER = (
    "cus_01m7xv4cqmeddsym15z0mansy8k8",
    "prd_01m7xv4cqmeddsym15z0mansy8k8",
    "ord_01m7xv4cqmeddsym15z0mansy8k8",
)
QUEUED = "cmd_01m7xv4cqmeddsym15z0mansy8k9"
LINE = {"product_id": PRODUCT, "sku": "TEA", "name": "Tea", "quantity": 2, "unit_price": 450}
ADDRESS = {"recipient": "A", "street": "B", "city": "C", "postal_code": "D", "country_code": "GB"}


def event(id: str, version: int, type: str, command: str, trace: str, /, **data: Any) -> Document:
    return {
        "_id": f"{id}@{version}", "aggregate_id": id, "version": version, "ordinal": 0, "type": type,
        "schema_version": 2 if type == "OrderPlaced" else 1, "occurred_at": AT, "command_id": command, "actor": "staff",
        "trace": f"00-{trace * 32}-00000000000000aa-01", "data": data,
    }  # fmt: skip


def truth() -> tuple[list[Intent], Evidence]:
    """A customer, a product, an order that is placed and confirmed, a price that is queued."""
    placed = {"customer_id": CUSTOMER, "lines": [LINE], "total": 900, "currency": "EUR", "shipping_address": ADDRESS}
    sender = {"role": "staff", "subject": "staff", "customer_id": None}
    queued = {"name": "changeProductPrice", "input": {}, "sender": sender, "idempotency_key": "k4", "trace": None}
    product = {"sku": "TEA", "name": "Tea", "description": "", "category": "Tea", "currency": "EUR"}
    journal = {
        CUSTOMER: [event(CUSTOMER, 1, "CustomerRegistered", "c0", "0", name="Ada", email="ada@example.com")],
        PRODUCT: [
            event(PRODUCT, 1, "ProductAdded", "c1", "1", **product, price=450, stock=3),
            event(PRODUCT, 2, "StockReserved", "c2", "2", order_id=ORDER, quantity=2),
            event(PRODUCT, 3, "ProductPriceChanged", QUEUED, "4", price=500, currency="EUR"),
        ],
        ORDER: [
            event(ORDER, 1, "OrderPlaced", "c2", "2", **placed),
            event(ORDER, 2, "OrderConfirmed", "c3", "3", customer_id=CUSTOMER),
        ],
        QUEUED: [
            event(QUEUED, 1, "CommandQueued", QUEUED, "4", **queued),
            event(QUEUED, 2, "CommandCommitted", QUEUED, "4", result_id=PRODUCT, result_version=3),
        ],
    }
    streams: dict[int, list[tuple[str, str, int]]] = {partition: [] for partition in range(PARTITIONS)}
    for id, events in journal.items():
        streams[partition_of(id, PARTITIONS)] += [(f"{n}-0", id, n) for n in range(1, len(events) + 1)]
    intents = [
        intent("registerCustomer", "0", receipt("c0", CUSTOMER, 1)),
        intent("addProduct", "1", receipt("c1", PRODUCT, 1)),
        intent("placeOrder", "2", receipt("c2", ORDER, 1)),
        intent("confirmOrder", "3", receipt("c3", ORDER, 2)),
        Intent(
            "one", "changeProductPrice", {"productId": PRODUCT, "price": {"amount": "5.00", "currencyCode": "EUR"}},
            "k4", "4" * 32, queued=True, command_id=QUEUED,
        ),
    ]  # fmt: skip
    generations = {partition: (2, frozenset({2})) for partition in range(PARTITIONS)}
    return intents, Evidence(journal, stored(journal), streams, generations=generations)


def stored(journal: dict[str, list[Document]]) -> dict[str, Document]:
    found = {}
    for id, events in journal.items():
        aggregate, state = next(a for a in AGGREGATES if id.startswith(a.kind)), None
        for document in events:
            state = aggregate.evolve(id, state, from_document(document).event)
        found[id] = aggregate.to_document(state)
    return found


def receipt(command_id: str, id: str, version: int) -> dict[str, Any]:
    return {"commandId": command_id, "id": id, "version": version, "consistencyToken": ""}


def intent(name: str, trace: str, *receipts: dict[str, Any]) -> Intent:
    attempts = [Attempt(0, 1, 0, Outcome.RECEIPT) for _ in receipts]
    return Intent("one", name, {}, f"k{trace}", trace * 32, attempts=attempts, receipts=list(receipts))


def test_the_truth_has_no_violation() -> None:
    assert checks.check(*truth(), due=DUE) == []


def test_an_order_may_expire_and_one_that_is_not_due_may_wait() -> None:
    _, evidence = truth()
    evidence.journal[ORDER][0]["data"]["confirm_by"] = DUE
    evidence.journal[ORDER][1] = event(ORDER, 2, "OrderCancelled", "c3", "3", customer_id=CUSTOMER, reason="EXPIRED")
    assert list(checks.orders_expire_in_time(evidence, DUE)) == []
    del evidence.journal[ORDER][1]
    assert list(checks.orders_expire_in_time(evidence, "2026-01-01T00:00:19.999Z")) == []


def test_what_was_discarded_is_shown_to_nobody() -> None:
    _, evidence = truth()
    evidence.discarded = frozenset({f"{ORDER}@1"})
    assert [e["version"] for e in evidence.shown.journal[ORDER]] == [2]
    seen = [(ORDER, 2, "CONFIRMED")]
    assert list(checks.a_feed_was_followed_without_gap("", evidence, None, seen)) == []
    assert list(checks.statuses_came_without_gap("", [ORDER], evidence, seen)) == []
    assert list(checks.a_feed_was_followed_without_gap("", evidence, None, [(ORDER, 1, "PLACED"), *seen]))


Lie = Callable[[list[Intent], Evidence], None]
LIES: dict[str, Lie] = {}


def lie(expected: str) -> Callable[[Lie], Lie]:
    """The function makes of the truth what a check must call so."""

    def register(tell: Lie) -> Lie:
        LIES[expected] = tell
        return tell

    return register


@lie("has the versions [1, 3]")
def missing_event(intents: list[Intent], evidence: Evidence) -> None:
    del evidence.journal[PRODUCT][1]


@lie("its journal says")
def other_state(intents: list[Intent], evidence: Evidence) -> None:
    evidence.stored[ORDER]["total"] = 1


@lie("has no version 2 in the journal")
def lost_event(intents: list[Intent], evidence: Evidence) -> None:
    del evidence.journal[ORDER][1]


@lie("one key, several receipts")
def second_receipt(intents: list[Intent], evidence: Evidence) -> None:
    intents[2].receipts.append(receipt("c9", ORDER, 1))


@lie("came to version 2 by c8")
def other_command(intents: list[Intent], evidence: Evidence) -> None:
    evidence.journal[ORDER][1]["command_id"] = "c8"
    evidence.journal[CUSTOMER].append(event(CUSTOMER, 2, "CustomerDeactivated", "c3", "3"))


@lie("accepted, and nothing happened")
def nothing_happened(intents: list[Intent], evidence: Evidence) -> None:
    evidence.journal[ORDER].append(event(ORDER, 3, "OrderDelivered", "c3", "3", customer_id=CUSTOMER))
    intents[3].receipts[0]["commandId"] = "c7"


@lie("applied 2 times")
def twice(intents: list[Intent], evidence: Evidence) -> None:
    evidence.journal[PRODUCT].append(event(PRODUCT, 4, "StockReserved", "c9", "2", order_id=ORDER, quantity=1))


@lie("nobody has sent")
def nobody(intents: list[Intent], evidence: Evidence) -> None:
    evidence.journal[CUSTOMER].append(event(CUSTOMER, 2, "CustomerDeactivated", "c9", "f"))


@lie("refused, and applied")
def refused(intents: list[Intent], evidence: Evidence) -> None:
    intents[3].receipts.clear()
    intents[3].refusal = "NOT_FOUND"


@lie("has -1 units")
def oversold(intents: list[Intent], evidence: Evidence) -> None:
    evidence.journal[PRODUCT][0]["data"]["stock"] = 1


@lie("is stored with another stock")
def other_stock(intents: list[Intent], evidence: Evidence) -> None:
    evidence.stored[PRODUCT]["stock"] = 2


@lie("and has ordered 2")
def half_reserved(intents: list[Intent], evidence: Evidence) -> None:
    evidence.journal[PRODUCT][1]["data"]["quantity"] = 1


@lie("has the history ['CommandQueued']")
def unsettled(intents: list[Intent], evidence: Evidence) -> None:
    del evidence.journal[QUEUED][1]


@lie("of key k4 was committed 2 times")
def committed_twice(intents: list[Intent], evidence: Evidence) -> None:
    evidence.journal[QUEUED[:-1] + "a"] = evidence.journal[QUEUED]


@lie("got 1 of 2 queued prices")
def lost_price(intents: list[Intent], evidence: Evidence) -> None:
    intents.append(deepcopy(intents[4]))


@lie("taken, and not in the journal")
def lost_command(intents: list[Intent], evidence: Evidence) -> None:
    intents[4].command_id = "cmd_nowhere"


@lie(f"{ORDER}: number 2 of 3 is version 1, in the journal it is 2 of 2")
def published_twice(intents: list[Intent], evidence: Evidence) -> None:
    evidence.streams[partition_of(ORDER, PARTITIONS)].insert(0, ("0-1", ORDER, 1))


@lie(f"{CUSTOMER}: number 1 of 0 is version None, in the journal it is 1 of 1")
def unpublished(intents: list[Intent], evidence: Evidence) -> None:
    evidence.streams = {partition: [] for partition in evidence.streams}


@lie(f"{ORDER}@2 was discarded, and is no poison")
def discarded(intents: list[Intent], evidence: Evidence) -> None:
    evidence.discarded = frozenset({f"{ORDER}@2"})


@lie(f"{ORDER}@2 was not discarded")
def not_discarded(intents: list[Intent], evidence: Evidence) -> None:
    evidence.journal[ORDER][1]["command_id"] = POISON


@lie("partition 3 has keys of generations [1, 2], 2 serves")
def old_generation(intents: list[Intent], evidence: Evidence) -> None:
    evidence.generations[3] = (2, frozenset({1, 2}))


@lie(f"{ORDER} expired, although it was CONFIRMED")
def expired_though_confirmed(intents: list[Intent], evidence: Evidence) -> None:
    expired = event(ORDER, 3, "OrderCancelled", "c5", "5", customer_id=CUSTOMER, reason="EXPIRED")
    evidence.journal[ORDER].append(expired)


@lie(f"{ORDER} was to be confirmed by 2026-01-01T00:00:20.000Z, and is still placed")
def never_expired(intents: list[Intent], evidence: Evidence) -> None:
    evidence.journal[ORDER][0]["data"]["confirm_by"] = DUE
    del evidence.journal[ORDER][1]


@pytest.mark.parametrize("expected", LIES)
def test_a_lie_is_seen(expected: str) -> None:
    intents, evidence = truth()
    LIES[expected](intents, evidence)
    violations = checks.check(intents, evidence, due=DUE)
    assert any(expected in violation for violation in violations), violations


def test_an_entry_of_our_own_is_no_violation() -> None:
    intents, evidence = truth()
    partition = partition_of(ORDER, PARTITIONS)
    evidence.streams[partition].append(("9-9", ORDER, 1))
    assert checks.check(intents, evidence)
    assert checks.check(intents, evidence, {(partition, "9-9")}) == []


@pytest.mark.parametrize(
    "seen",
    [
        [(ORDER, 1, "PLACED")],
        [(ORDER, 2, "CONFIRMED"), (ORDER, 1, "PLACED")],
        [(ORDER, 1, "PLACED"), (ORDER, 2, "CONFIRMED"), (ORDER, 2, "CONFIRMED")],
        [(ORDER, 2, "CONFIRMED")],
    ],
    ids=["missing", "out of order", "twice", "gap"],
)
def test_what_a_subscriber_missed_is_seen(seen: list[tuple[str, int, str]]) -> None:
    _, evidence = truth()
    assert list(checks.a_feed_was_followed_without_gap("", evidence, None, seen))
    assert list(checks.statuses_came_without_gap("", [ORDER], evidence, seen))


def test_a_subscriber_who_saw_all_in_order_missed_nothing() -> None:
    _, evidence = truth()
    seen = [(ORDER, 1, "PLACED"), (ORDER, 2, "CONFIRMED")]
    assert list(checks.a_feed_was_followed_without_gap("", evidence, CUSTOMER, seen)) == []
    assert list(checks.statuses_came_without_gap("", [ORDER], evidence, seen)) == []
    lie = [(ORDER, 1, "PLACED"), (ORDER, 2, "SHIPPED")]
    assert list(checks.statuses_came_without_gap("", [ORDER], evidence, lie))
