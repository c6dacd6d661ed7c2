"""What others build on: the GraphQL schema and the event streams, as text. Copies for readers stand in `docs/`."""

import json
from importlib.metadata import version


def graphql() -> str:
    """The GraphQL schema as SDL."""
    from api.schema import schema

    return schema.as_str()


def streams() -> str:
    """The event streams as an AsyncAPI document in JSON."""
    from write_model.contracts.asyncapi import asyncapi

    return json.dumps(asyncapi(version("orderstream")), indent=2)
