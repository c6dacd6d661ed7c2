"""The streams described for other services that want to follow them: AsyncAPI 3.0, with every event's JSON Schema."""

from typing import Any

from pydantic.json_schema import models_json_schema

from write_model.contracts.codec import EVENT_TYPES, TOMBSTONE, WATERMARK

_FIELDS: dict[str, str] = {
    "type": "The event's type: the name of the message.",
    "schema": "The version of the event's shape, counted from 1.",
    "aggregate": "What it happened to: a customer, product or order, by id.",
    "version": "The aggregate's version after the event: 1, 2, 3 ... without a gap.",
    "ordinal": "The event's place in its transaction, counted from 0.",
    "at": "When it happened: ISO 8601 in UTC, with milliseconds.",
    "command": "The command that made it happen.",
    "actor": "Who sent that: `staff:<subject>`, `customer:<subject>` or `system:<subject>`.",
    "trace": "W3C traceparent of the request; empty where there was none.",
    "data": "The event itself, as JSON: see the payload.",
}


def asyncapi(version: str) -> dict[str, Any]:
    """The document, for this version of the program."""
    reference = "#/components/schemas/{model}"
    names, definitions = models_json_schema(
        [(event, "serialization") for event in EVENT_TYPES.values()], ref_template=reference
    )
    payloads = {event.__name__: schema for (event, _), schema in names.items()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Orderstream events",
            "version": version,
            "description": (
                "Redis Streams, one per partition, in commit order; an entry's id is the commit's position. An entry "
                "is flat: the headers below and `data`, the payload as JSON. Ignore fields and types that you do not "
                f"know. An entry with the one field `{WATERMARK}` says that nothing at or below its id is missing. "
                f"An entry with the field `{TOMBSTONE}` (an event's type) stands where an operator gave that event up "
                "before the stream was filled again: `aggregate` and `version` say which, and nothing happened to it. "
                "Streams are trimmed some time after projection: follow them, do not archive in them."
            ),
        },
        "defaultContentType": "application/json",
        "channels": {
            "events": {
                "address": "{p{partition}}:events",
                "parameters": {
                    "partition": {"description": "0 to PARTITIONS - 1; an aggregate stays in its partition."}
                },
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in EVENT_TYPES},
            }
        },
        "operations": {
            "follow": {
                "action": "send",
                "channel": {"$ref": "#/channels/events"},
                "description": "What the relay publishes.",
            }
        },
        "components": {
            "messages": {
                name: {
                    "name": name,
                    "headers": {"$ref": "#/components/schemas/Headers"},
                    "payload": payloads[name],
                    "x-schema-version": event.schema_version,
                }
                for name, event in EVENT_TYPES.items()
            },
            "schemas": {
                "Headers": {
                    "type": "object",
                    "properties": {field: {"type": "string", "description": text} for field, text in _FIELDS.items()},
                    "required": list(_FIELDS),
                },
                **definitions.get("$defs", {}),
            },
        },
    }
