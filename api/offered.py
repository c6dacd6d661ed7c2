"""What a process does not offer of a document that would be valid elsewhere: said in words, not as a field unknown."""

from functools import cache
from typing import Any, Final

from graphql import (
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    ValidationRule,
)

from api.settings import Serve

_LOOKS_INTO_SCHEMA: Final = ("__schema", "__type")

_ELSEWHERE: Final = {
    "queries": "This process serves queries and subscriptions: send mutations to one that serves commands, in "
    "documents of their own.",
    "commands": "This process serves mutations, and of queries `projection`: send queries and subscriptions to one "
    "that serves queries, in documents of their own.",
}


class NotOffered(GraphQLError):
    """Valid, but not here."""


@cache
def offered(serve: Serve, introspection: bool) -> type[ValidationRule]:
    """The rule that reports what a process of this kind does not offer."""

    class Offered(ValidationRule):
        def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
            asked = node.operation
            if (serve == "queries" and asked is OperationType.MUTATION) or (
                serve == "commands" and asked is OperationType.SUBSCRIPTION
            ):
                self.report_error(NotOffered(_ELSEWHERE[serve], node))

        def enter_field(self, node: FieldNode, *_: Any) -> None:
            name, parent = node.name.value, self.context.get_parent_type()
            if name in _LOOKS_INTO_SCHEMA and not introspection:
                self.report_error(
                    NotOffered(
                        "Introspection is off here: take the schema from `orderstream schema`, or start the API with "
                        "INTROSPECTION=1.",
                        node,
                    )
                )
            elif serve == "commands" and parent is self.context.schema.query_type and not self.context.get_field_def():
                self.report_error(NotOffered(_ELSEWHERE[serve], node))

    return Offered
