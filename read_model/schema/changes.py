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
    """An order came into a status; where that is its `previous_status`, only its lines changed."""

    order_id: str
    customer_id: str
    version: int
    previous_status: str | None
    status: str
    occurred_at: str

    @property
    def about(self) -> str:
        """The id of what changed."""
        return self.order_id

    @property
    def is_status_change(self) -> bool:
        """Whether the order's timeline has it."""
        return self.status != self.previous_status


@dataclass(frozen=True, slots=True)
class ProductChanged:
    """A product is not what it was, in any way."""

    product_id: str
    version: int

    @property
    def about(self) -> str:
        """The id of what changed."""
        return self.product_id


@dataclass(frozen=True, slots=True)
class CommandChanged:
    """A queued command was taken, or has its outcome."""

    command_id: str
    version: int

    @property
    def about(self) -> str:
        """The id of what changed."""
        return self.command_id


Change = OrderChanged | ProductChanged | CommandChanged


_adapter: TypeAdapter[Change] = TypeAdapter(Change)


def encode_change(change: Change | None) -> bytes:
    """The text of a feed entry's `change`."""
    return _adapter.dump_json(change) if change else b""


def decode_change(text: str) -> Change | None:
    """The notice in a feed entry's `change`."""
    return _adapter.validate_json(text) if text else None
