"""An event on its way into the read model, from its entry in a stream or from where it was parked."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from projector.parking import reason_of
from projector.projections import history, tombstones
from projector.projections.table import projection_of
from projector.rows import RowId, Rows
from projector.writes import Write, Writes
from read_model.schema.parked import aggregate_of
from telemetry import tracing
from write_model.contracts import codec
from write_model.contracts.codec import UndecodableEvent
from write_model.contracts.ids import kind_of
from write_model.contracts.streams import Position

Entry = tuple[Position, Mapping[str, str]]


class Readable(NamedTuple):
    """What it does to the read model; `touches` are the rows that `project` may ask for."""

    touches: tuple[RowId, ...]
    project: Callable[[Rows], Sequence[Write]]


class Incoming(NamedTuple):
    """An event, or the tombstone of one: readable, or with the reason why not."""

    position: Position
    aggregate_id: str
    entry: Mapping[str, str]
    readable: Readable | None
    reason: str

    @classmethod
    def of(cls, position: Position, entry: Mapping[str, str]) -> "Incoming":
        """The entry, decoded by what this program knows."""
        aggregate_id = aggregate_of(entry)
        try:
            readable = _read(position, entry)
        except Exception as error:  # an upcaster may fail in any way
            return cls(position, aggregate_id, entry, None, reason_of(error))
        return cls(position, aggregate_id, entry, readable, "")

    @property
    def trace(self) -> str | None:
        """The traceparent of the event's trace, where that is recorded."""
        return tracing.recorded(self.entry.get("trace"))

    def fold(self, at: Position, rows: Rows, writes: Writes) -> str:
        """Into the writes, announced at the position; or why not, and then it leaves nothing behind."""
        if self.readable is None:
            return self.reason
        try:
            writes.add(at, self.readable.project(rows), rows, self.trace)
        except Exception as error:  # whatever it is, it must not hold up the partition
            return reason_of(error)
        return ""


def _read(position: Position, entry: Mapping[str, str]) -> Readable:
    if codec.TOMBSTONE in entry:
        return _read_tombstone(position, entry)
    aggregate_id = aggregate_of(entry)
    if not aggregate_id:
        raise UndecodableEvent("broken entry: it names no aggregate")
    envelope = codec.decode(entry)
    projection = projection_of(envelope.event)
    project = partial(projection.project, envelope)
    if kind_of(aggregate_id) == "ord":
        project = partial(history.with_event, project, envelope, position, entry)
    return Readable(projection.touches(envelope), project)


def _read_tombstone(position: Position, entry: Mapping[str, str]) -> Readable:
    try:
        tombstone = codec.decode_tombstone(entry)
    except UndecodableEvent:
        return Readable((), lambda _: ())  # what was given up was no event of ours, so no version is missing
    skip = partial(tombstones.skip, tombstone)
    if kind_of(tombstone.aggregate_id) == "ord":
        skip = partial(history.with_tombstone, skip, tombstone, position, entry[codec.TOMBSTONE])
    return Readable(tombstones.touches(tombstone), skip)
