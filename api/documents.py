"""Documents that clients send again and again: parsed and validated once."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from graphql import DocumentNode, GraphQLError, GraphQLSchema, parse, validate
from strawberry.extensions import SchemaExtension

KEPT: Final = 256
LONGEST: Final = 20_000
"""Characters; longer documents are examined each time, so that a few of them cannot fill the memory."""


@lru_cache(maxsize=KEPT)
def _examined(schema: GraphQLSchema, text: str) -> tuple[DocumentNode, tuple[GraphQLError, ...]]:
    document = parse(text)
    return document, tuple(validate(schema, document))


class Documents(SchemaExtension):
    """Gives the execution a document that was seen before, with what the validation said of it."""

    _errors: tuple[GraphQLError, ...] | None = None

    def on_parse(self) -> Iterator[None]:
        """Find the document, or leave it to strawberry."""
        text = self.execution_context.query
        if text and len(text) <= LONGEST:
            try:
                document, self._errors = _examined(self.execution_context.schema._schema, text)
            except (GraphQLError, RecursionError):
                pass  # it will be parsed once more, and the error said where errors are said
            else:
                self.execution_context.graphql_document = document
        yield

    def on_validate(self) -> Iterator[None]:
        """Say what was said before."""
        if self._errors is not None:
            self.execution_context.pre_execution_errors = list(self._errors)
        yield
