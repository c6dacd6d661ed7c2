"""The journal: every event for ever, one document each, readable as it stands."""

from typing import Any

from write_model.contracts.codec import encode_tombstone, entry_of, read_event
from write_model.contracts.envelope import Envelope, Tombstone
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
    return _envelope(document, read_event(document["type"], document["schema_version"], document["data"]))


def to_entry(document: Document) -> dict[str, str | bytes]:
    """The stream entry of a journal's document.

    The event is passed on unread: a relay need not know an event that a newer program wrote.
    """
    return entry_of(_envelope(document, None), document["type"], document["schema_version"], document["data"])


def to_tombstone(document: Document) -> dict[str, str]:
    """The stream entry in the place of a journal's document that was given up."""
    return encode_tombstone(Tombstone(document["aggregate_id"], document["version"]), document["type"])


def _envelope(document: Document, event: Any) -> Envelope[Any]:
    return Envelope(
        aggregate_id=document["aggregate_id"],
        version=document["version"],
        ordinal=document["ordinal"],
        occurred_at=document["occurred_at"],
        command_id=document["command_id"],
        actor=document["actor"],
        trace=document["trace"],
        event=event,
    )
