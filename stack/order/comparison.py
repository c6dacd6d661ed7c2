"""An order as the journal, its stored state and its row have it, compared field by field; nothing is read here."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final

from read_model.schema.orders import OrderRow
from write_model.mongo import journal
from write_model.mongo.database import Document
from write_model.orders.document import ORDERS

_FIELDS: Final = (
    *("version", "status", "customer_id", "total", "currency", "lines"),
    *("shipping_address", "shipment", "cancellation_reason"),
)
Fields = Mapping[str, Any]
"""What state and row both say of an order, by the names that the state has: JSON's values, amounts in minor units."""


@dataclass(frozen=True)
class Compared:
    """A field in both; `problem` where one of them is not what the journal says."""

    field: str
    stored: Any
    shown: Any
    problem: str = ""


def compare(
    stored: Document | None, events: Sequence[Document] | None, discarded: Set[str], row: OrderRow | None
) -> list[Compared]:
    """Every field. The state must be what all events make of it, the row what those make that it has come to.

    `events` None: nobody knows what the journal says. `discarded`: ids of events that were given up, and count for
    the row in nothing but its version.
    """
    ours = fields_of_document(stored) if stored else {}
    shown = fields_of_row(row) if row else {}
    wanted, projected = ours, shown
    if events is not None:
        wanted = _folded(events)
        counted = [it for it in events if it["version"] <= shown.get("version", 0) and it["_id"] not in discarded]
        projected = _folded(counted)
        if shown and any(it["version"] == shown["version"] for it in events):
            projected = {**projected, "version": shown["version"]}
    problems = (
        (bool(ours), ours, wanted, "MongoDB has it otherwise than the journal"),
        (bool(shown), shown, projected, "Redis has it otherwise than the journal"),
    )
    return [
        Compared(
            *(name, ours.get(name), shown.get(name)),
            "; ".join(what for there, has, should, what in problems if there and has.get(name) != should.get(name)),
        )
        for name in dict.fromkeys([*ours, *shown])
    ]


def fields_of_document(document: Document) -> Fields:
    """Of the state as it is stored."""
    return {name: document[name] for name in _FIELDS}


def fields_of_row(row: OrderRow) -> Fields:
    """Of the row, by the same names."""
    its = row.summary
    shipment = row.shipment
    return {
        "version": its.version,
        "status": its.status,
        "customer_id": its.customer_id,
        "total": its.total,
        "currency": its.currency,
        "lines": [
            {name: value for name, value in line._asdict().items() if name != "line_total"} for line in row.lines
        ],
        "shipping_address": row.address and row.address._asdict(),
        "shipment": shipment and {"carrier": shipment.carrier, "tracking_number": shipment.tracking_number},
        "cancellation_reason": its.cancellation_reason,
    }


def _folded(events: Sequence[Document]) -> Fields:
    """What the events make of the order; nothing where they make nothing."""
    state = None
    try:
        for document in events:
            state = ORDERS.evolve(document["aggregate_id"], state, journal.from_document(document).event)
    except Exception:  # whatever it is, the state is not what follows from the events
        return {}
    return fields_of_document(ORDERS.to_document(state)) if state else {}
