"""The history of an order: what was news of it, as it was published, one event after another."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from projector.rows import OpenOrder, Rows
from projector.writes import Append, Write
from read_model.schema.history import encode_event, encode_tombstone
from write_model.contracts.envelope import Envelope, Tombstone
from write_model.contracts.streams import Position


def with_event(
    project: Callable[[Rows], Sequence[Write]],
    envelope: Envelope[Any],
    position: Position,
    entry: Mapping[str, str],
    rows: Rows,
) -> Sequence[Write]:
    """What an order's event does to the read model, its place in the history included; nothing where it is no news."""
    writes = project(rows)
    if not writes:
        return writes
    element = encode_event(position, entry, envelope.event.customer_id)
    return [*writes, Append(rows.keys.order_history(envelope.aggregate_id), element)]


def with_tombstone(
    skip: Callable[[Rows], Sequence[Write]], tombstone: Tombstone, position: Position, type: str, rows: Rows
) -> Sequence[Write]:
    """The same for an event that was given up."""
    writes = skip(rows)
    if not writes:
        return writes
    customer_id = rows.need(OpenOrder, tombstone.aggregate_id).summary.customer_id
    element = encode_tombstone(position, tombstone.version, type, customer_id)
    return [*writes, Append(rows.keys.order_history(tombstone.aggregate_id), element)]
