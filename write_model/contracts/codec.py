"""Envelopes as stream entries and back: the table of event types, and the upcasters of their older shapes.

An entry is flat: `type`, `schema`, `aggregate`, `version`, `ordinal`, `at` (ISO 8601, UTC), `command`, `actor`,
`trace` (may be empty) and `data`, the event as JSON. A watermark entry has the one field `watermark`. A tombstone
entry, in the place of an event that was given up, has `tombstone` (the event's type), `aggregate` and `version`.

In a replay of the journal many entries travel as one, whose position is that of the last of them: its one field
`entries` is a JSON array of `[position, entry]`.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from write_model.contracts.commands import CommandEvent
from write_model.contracts.customers import CustomerEvent
from write_model.contracts.envelope import Envelope, Tombstone
from write_model.contracts.event import Event
from write_model.contracts.orders import OrderEvent
from write_model.contracts.products import ProductEvent
from write_model.contracts.streams import Position

EVENT_TYPES: Final[dict[str, type[Event]]] = {
    event.__name__: event
    for union in (CustomerEvent, ProductEvent, OrderEvent, CommandEvent)
    for event in get_args(union)
}

# (type, schema version) -> a function from that version's data to the next one's.
Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
UPCASTERS: Final[dict[tuple[str, int], Upcaster]] = {
    ("OrderPlaced", 1): lambda data: {**data, "confirm_by": None},
}

WATERMARK: Final = "watermark"
TOMBSTONE: Final = "tombstone"
REPLAYED: Final = "entries"
REPLAYED_AT_ONCE: Final = 500
"""Entries of a replay that travel as one, at most."""

E = TypeVar("E", bound=Event)


class UndecodableEvent(Exception):
    """The entry's event cannot be read: an unknown type, a newer schema or broken data."""


def encode(envelope: Envelope[Event]) -> dict[str, str | bytes]:
    """The stream entry of an envelope."""
    event = envelope.event
    return entry_of(envelope, type(event).__name__, event.schema_version, event)


def entry_of(context: Envelope[Any], type_name: str, schema_version: int, data: object) -> dict[str, str | bytes]:
    """The stream entry of an event that need not be known here: `data` goes in as it is."""
    return {
        "type": type_name,
        "schema": str(schema_version),
        "aggregate": context.aggregate_id,
        "version": str(context.version),
        "ordinal": str(context.ordinal),
        "at": encode_time(context.occurred_at),
        "command": context.command_id,
        "actor": context.actor,
        "trace": context.trace or "",
        "data": to_json(data),
    }


def decode(entry: Mapping[str, str]) -> Envelope[Event]:
    """The envelope in a stream entry, in today's schema; UndecodableEvent where that cannot be."""
    try:
        return Envelope(
            aggregate_id=entry["aggregate"],
            version=int(entry["version"]),
            ordinal=int(entry["ordinal"]),
            occurred_at=datetime.fromisoformat(entry["at"]),
            command_id=entry["command"],
            actor=entry["actor"],
            trace=entry["trace"] or None,
            event=read_event(entry["type"], int(entry["schema"]), from_json(entry["data"])),
        )
    except (KeyError, ValueError) as error:
        raise UndecodableEvent(f"broken entry: {error}") from error


def read_event(type_name: str, schema_version: int, data: dict[str, Any]) -> Event:
    """The event in its data, lifted step by step to today's schema; UndecodableEvent where that cannot be."""
    event_type = EVENT_TYPES.get(type_name)
    if event_type is None:
        raise UndecodableEvent(f"unknown event type {type_name!r}")
    if schema_version > event_type.schema_version:
        raise UndecodableEvent(
            f"{type_name} has schema {schema_version}, this program knows {event_type.schema_version}"
        )
    for version in range(schema_version, event_type.schema_version):
        data = UPCASTERS[type_name, version](data)
    try:
        return event_type.model_validate(data)
    except ValidationError as error:
        raise UndecodableEvent(f"broken {type_name}: {error}") from error


def encode_tombstone(tombstone: Tombstone, type_name: str) -> dict[str, str]:
    """The stream entry of a tombstone in the place of an event of that type."""
    return {TOMBSTONE: type_name, "aggregate": tombstone.aggregate_id, "version": str(tombstone.version)}


def tombstone_for(entry: Mapping[str, str]) -> dict[str, str]:
    """The tombstone entry in the place of an event's entry, which need not be readable."""
    return {TOMBSTONE: entry.get("type", ""), **{name: entry.get(name, "") for name in ("aggregate", "version")}}


def decode_tombstone(entry: Mapping[str, str]) -> Tombstone:
    """The tombstone in its entry; UndecodableEvent where it does not say whose."""
    try:
        return Tombstone(entry["aggregate"], int(entry["version"]))
    except (KeyError, ValueError) as error:
        raise UndecodableEvent(f"broken tombstone: {error}") from error


def encode_replayed(entries: Iterable[tuple[Position, Mapping[str, str | bytes]]]) -> bytes:
    """The field `entries` of consecutive entries, one or more."""
    return to_json([(str(position), fields) for position, fields in entries])


def decode_replayed(text: str) -> list[tuple[Position, Mapping[str, str]]]:
    """The entries in that field."""
    return [(Position.parse(position), fields) for position, fields in from_json(text)]


def encode_time(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds: "2026-11-20T09:30:00.123Z"."""
    if moment.utcoffset():
        moment = moment.astimezone(UTC)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
