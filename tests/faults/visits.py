"""One subscription of the soak, while it lasts: what it must see, and whether what it saw is what happened."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.faults.checks import MAY_SAY_NOTHING
from tests.faults.evidence import STATUS_OF, Evidence
from tests.faults.history import Intent

KINDS: Final = {"status": 8, "product": 5, "command": 3, "customer": 4, "orders": 1}
"""How often each comes: an order's status, a product, a queued command, a customer's orders, all orders."""
DOCUMENTS: Final = {
    "status": """subscription($id: ID!) {
      it: orderStatusChanged(orderId: $id, afterVersion: 0) { id: orderId version }
    }""",
    "product": "subscription($id: ID!) { it: productChanged(productId: $id) { id version } }",
    "command": "subscription($id: ID!) { it: commandSettled(id: $id) { id status } }",
    "customer": """subscription($id: ID, $after: String) {
      it: ordersChanged(customerId: $id, after: $after) { id: orderId version }
    }""",
    "orders": "subscription($after: String) { it: ordersChanged(after: $after) { id: orderId version } }",
}
_CHANGE_THE_STATUS: Final = {
    "createOrder", "placeOrder", "submitOrder", "confirmOrder", "shipOrder", "deliverOrder", "cancelOrder",
}  # fmt: skip


@dataclass
class Visit:
    """`seen`: aggregates with versions. `by`: the client that orders for the customer, where it is about one."""

    kind: str
    transport: str
    variables: dict[str, str]
    by: str
    began: float
    seen: list[tuple[str, int]] = field(default_factory=list)

    def must_see(self, intent: Intent) -> bool:
        """Whether it must come to hear of the version that a receipt of after its beginning names."""
        id = intent.receipt["id"]
        match self.kind:
            case "status":
                return bool(id == self.variables["id"] and intent.name in _CHANGE_THE_STATUS)
            case "product":
                return bool(id == self.variables["id"])
            case "customer" | "orders":
                is_wanted = self.by in ("", intent.client)
                return is_wanted and id.startswith("ord") and intent.name not in MAY_SAY_NOTHING
            case _:
                return False

    def has_seen(self, id: str, version: int) -> bool:
        """That version of a feed; of a product, that one or a later one."""
        if self.kind == "product":
            return any(seen >= version for _, seen in self.seen)
        return (id, version) in self.seen

    def __str__(self) -> str:
        return f"{self.kind} over {self.transport} {self.variables}"


def what_was_seen_happened(visits: Sequence[Visit], evidence: Evidence) -> Iterator[str]:
    """Each visitor saw versions that there are, in order: of a feed without a gap, of a status from the first one."""
    for visit in visits:
        versions: dict[str, list[int]] = defaultdict(list)
        for id, version in visit.seen:
            versions[id].append(version)
        for id, seen in versions.items():
            events = evidence.journal.get(id, [])
            match visit.kind:
                case "status":
                    are_right = seen == [e["version"] for e in events if e["type"] in STATUS_OF][: len(seen)]
                case "product":
                    are_right = seen == sorted(seen) and seen[-1] <= len(events)
                case "command":
                    are_right = len(seen) == 1 and len(events) == 2
                case _:
                    are_right = seen == list(range(seen[0], seen[0] + len(seen))) and seen[-1] <= len(events)
            if not are_right:
                yield f"{visit} saw {id} in the versions {seen}, the journal has {len(events)}"
