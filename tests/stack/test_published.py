"""What is published says all that there is."""

import json

from stack import published
from write_model.contracts.codec import EVENT_TYPES


def test_every_event_is_described() -> None:
    document = json.loads(published.streams())
    schemas = document["components"]["schemas"]
    for name, event in EVENT_TYPES.items():
        message = document["components"]["messages"][name]
        assert message["payload"] == {"$ref": f"#/components/schemas/{name}"}
        assert set(schemas[name].get("properties", {})) == set(event.model_fields)
