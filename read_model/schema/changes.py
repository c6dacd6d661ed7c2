"""Change notices: what the feed of a partition says of projected events.

A feed entry's id is the position of the event; its field `change` holds the notice as JSON, or nothing where the
entry only says how far the projection has come. Events that were parked are projected late, when the feed is past
their positions: they are announced together, as a JSON array, in the first entry of the step that projects them,
before the change that has that position itself.
"""

from collections.abc import Sequence
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
    trace: str | None = None
    """The traceparent of the command, where its trace is recorded; so of the others."""

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
    trace: str | None = None

    @property
    def about(self) -> str:
        """The id of what changed."""
        return self.product_id


@dataclass(frozen=True, slots=True)
class CommandChanged:
    """A queued command was taken, or has its outcome."""

    command_id: str
    version: int
    trace: str | None = None

    @property
    def about(self) -> str:
        """The id of what changed."""
        return self.command_id


Change = OrderChanged | ProductChanged | CommandChanged


_one: TypeAdapter[Change] = TypeAdapter(Change)
_several: TypeAdapter[tuple[Change, ...]] = TypeAdapter(tuple[Change, ...])


def encode_change(change: Change | None) -> bytes:
    """The text of the `change` of an entry with one notice, or none."""
    return _one.dump_json(change, exclude_defaults=True) if change else b""


def encode_changes(changes: Sequence[Change]) -> bytes:
    """The text of a feed entry's `change`."""
    if len(changes) > 1:
        return _several.dump_json(tuple(changes), exclude_defaults=True)
    return encode_change(changes[0] if changes else None)


def decode_changes(text: str) -> tuple[Change, ...]:
    """The notices in a feed entry's `change`, in order."""
    if not text:
        return ()
    return _several.validate_json(text) if text.startswith("[") else (_one.validate_json(text),)
