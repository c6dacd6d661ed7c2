"""Change notices: what the feed of a partition says of a projected event.

A feed entry's id is the position of the event; its field `change` holds the notice as JSON, or nothing where the
entry only says how far the projection has come.
"""

from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter

CHANGE: Final = "change"


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """An order came into a status."""

    order_id: str
    customer_id: str
    version: int
    previous_status: str | None
    status: str
    occurred_at: str


_adapter: TypeAdapter[OrderChanged] = TypeAdapter(OrderChanged)


def encode_change(change: OrderChanged | None) -> bytes:
    """The text of a feed entry's `change`."""
    return _adapter.dump_json(change) if change else b""


def decode_change(text: str) -> OrderChanged | None:
    """The notice in a feed entry's `change`."""
    return _adapter.validate_json(text) if text else None
