"""The published copies in docs/ are what the program says. `make schema` writes them."""

import json
from pathlib import Path

from stack import published
from write_model.contracts.codec import EVENT_TYPES

DOCS = Path(__file__).parents[2] / "docs"


def test_the_schema_is_the_programs() -> None:
    assert (DOCS / "schema.graphql").read_text() == published.graphql() + "\n"


def test_the_streams_are_the_programs() -> None:
    assert (DOCS / "events.asyncapi.json").read_text() == published.streams() + "\n"


def test_every_event_is_described() -> None:
    document = json.loads(published.streams())
    schemas = document["components"]["schemas"]
    for name, event in EVENT_TYPES.items():
        message = document["components"]["messages"][name]
        assert message["payload"] == {"$ref": f"#/components/schemas/{name}"}
        assert set(schemas[name].get("properties", {})) == set(event.model_fields)
