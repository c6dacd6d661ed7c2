"""An order's row. `summary` is what lists show; the long parts stand in fields of their own."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, Self

from read_model.schema import fragments
from read_model.schema.amounts import read_amount
from write_model.contracts.money import format_amount

STATUSES: Final = ("DRAFT", "PLACED", "CONFIRMED", "SHIPPED", "DELIVERED", "CANCELLED")
"""Every status that an order can have."""


class LineRow(NamedTuple):
    """A line; `unit_price` and `line_total` in minor units of the order's currency."""

    product_id: str
    sku: str
    name: str
    quantity: int
    unit_price: int
    line_total: int


class AddressRow(NamedTuple):
    recipient: str
    street: str
    city: str
    postal_code: str
    country_code: str


class ShipmentRow(NamedTuple):
    carrier: str
    tracking_number: str
    shipped_at: str


class StatusRow(NamedTuple):
    """A status change, at the order's version of that event."""

    version: int
    previous_status: str | None
    status: str
    occurred_at: str


class OrderSummary(NamedTuple):
    """What lists show of an order; `total` in minor units."""

    id: str
    version: int
    status: str
    customer_id: str
    customer_name: str
    item_count: int
    total: int
    currency: str
    cancellation_reason: str | None
    created_at: str
    placed_at: str | None
    updated_at: str

    def encode(self) -> bytes:
        """The text of the hash field `summary`."""
        return fragments.join((*self[:6], format_amount(self.total, self.currency), *self[7:]))

    @classmethod
    def decode(cls, text: str) -> Self:
        """The summary in its text."""
        leaves = fragments.split(text)
        leaves[6] = read_amount(leaves[6])
        return cls(*leaves)


class OrderRow(NamedTuple):
    """The whole order."""

    summary: OrderSummary
    lines: tuple[LineRow, ...]
    address: AddressRow | None
    shipment: ShipmentRow | None
    timeline: tuple[StatusRow, ...]

    def encode(self) -> dict[str, bytes]:
        """The hash fields of the row; an empty text where there is nothing."""
        return {
            "summary": self.summary.encode(),
            "lines": encode_lines(self.lines, self.summary.currency),
            "address": fragments.join(self.address or ()),
            "shipment": fragments.join(self.shipment or ()),
            "timeline": fragments.join(leaf for change in self.timeline for leaf in change),
        }

    @classmethod
    def decode(cls, fields: Mapping[str, str]) -> Self:
        """The row in its hash fields."""
        return cls(
            OrderSummary.decode(fields["summary"]),
            decode_lines(fields["lines"]),
            decode_address(fields["address"]),
            decode_shipment(fields["shipment"]),
            decode_timeline(fields["timeline"]),
        )


def encode_lines(lines: Iterable[LineRow], currency: str) -> bytes:
    """The text of the hash field `lines`."""
    return fragments.join(
        leaf
        for line in lines
        for leaf in (*line[:4], format_amount(line.unit_price, currency), format_amount(line.line_total, currency))
    )


def append_status(timeline: bytes, change: StatusRow) -> bytes:
    """The text of the hash field `timeline` with one change more, the older ones as they stand."""
    appended = fragments.join(change)
    return timeline + b"\n" + appended if timeline else appended


def decode_lines(text: str | bytes) -> tuple[LineRow, ...]:
    """The lines in the hash field `lines`."""
    return tuple(
        LineRow._make((*leaves[:4], read_amount(leaves[4]), read_amount(leaves[5])))
        for leaves in fragments.split_rows(text, len(LineRow._fields))
    )


def decode_address(text: str) -> AddressRow | None:
    """The address in the hash field `address`."""
    return AddressRow(*fragments.split(text)) if text else None


def decode_shipment(text: str) -> ShipmentRow | None:
    """The shipment in the hash field `shipment`."""
    return ShipmentRow(*fragments.split(text)) if text else None


def decode_timeline(text: str) -> tuple[StatusRow, ...]:
    """The status changes in the hash field `timeline`, oldest first."""
    return tuple(StatusRow(*leaves) for leaves in fragments.split_rows(text, len(StatusRow._fields)))
