"""The journal: every event for ever, one document each, readable as it stands."""

from pydantic_core import to_json

from write_model.contracts.codec import encode_time, read_event
from write_model.contracts.envelope import Envelope
from write_model.contracts.event import Event
from write_model.mongo.database import Document


def to_document(envelope: Envelope[Event]) -> Document:
    """The journal's document of an envelope; its `_id` makes a version of an aggregate unique."""
    event = envelope.event
    return {
        "_id": envelope.event_id,
        "aggregate_id": envelope.aggregate_id,
        "version": envelope.version,
        "ordinal": envelope.ordinal,
        "type": type(event).__name__,
        "schema_version": event.schema_version,
        "occurred_at": envelope.occurred_at,
        "command_id": envelope.command_id,
        "actor": envelope.actor,
        "trace": envelope.trace,
        "data": event.model_dump(mode="json"),
    }


def from_document(document: Document) -> Envelope[Event]:
    """The envelope in a journal's document, in today's schema."""
    return Envelope(
        aggregate_id=document["aggregate_id"],
        version=document["version"],
        ordinal=document["ordinal"],
        occurred_at=document["occurred_at"],
        command_id=document["command_id"],
        actor=document["actor"],
        trace=document["trace"],
        event=read_event(document["type"], document["schema_version"], document["data"]),
    )


def to_entry(document: Document) -> dict[str, str | bytes]:
    """The stream entry of a journal's document, as codec.encode would give it.

    The event is passed on unread: a relay need not know an event that a newer program wrote.
    """
    return {
        "type": document["type"],
        "schema": str(document["schema_version"]),
        "aggregate": document["aggregate_id"],
        "version": str(document["version"]),
        "ordinal": str(document["ordinal"]),
        "at": encode_time(document["occurred_at"]),
        "command": document["command_id"],
        "actor": document["actor"],
        "trace": document["trace"] or "",
        "data": to_json(document["data"]),
    }
