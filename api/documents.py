"""Documents, examined before anything runs: bounded, parsed and validated once where they come again."""

from collections.abc import Iterator
from typing import Final

from cachetools import LRUCache
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)
from strawberry.extensions import SchemaExtension

from api.access import ACCESS, check_access
from api.errors import BadUserInput, Fault
from api.offered import NotOffered, offered
from api.settings import ApiSettings

MOST_TOKENS: Final = 2_000
"""Of one document: parsing and validating is what anybody can make us do, before their token says who they are."""
KEPT_CHARACTERS: Final = 200_000
"""Of all documents that are kept: parsed, a character costs some 300 bytes."""
LONGEST_KEPT: Final = 10_000

# Those that are valid, by text; an invalid one costs its sender as much as us.
_valid: LRUCache[str, tuple[DocumentNode, int]] = LRUCache(KEPT_CHARACTERS, getsizeof=lambda kept: kept[1])


def known_document(text: str) -> DocumentNode | None:
    """The document, where it has come before and is valid."""
    kept = _valid.get(text)
    return kept[0] if kept else None


def is_subscription(text: str, operation_name: str | None) -> bool:
    """Whether that is what this operation, which is running, has turned out to be."""
    try:
        document = known_document(text) or parse(text, max_tokens=MOST_TOKENS)
    except GraphQLError:
        return False
    operation = get_operation_ast(document, operation_name)
    return operation is not None and operation.operation is OperationType.SUBSCRIPTION


class Documents(SchemaExtension):
    """Gives the execution a document that was parsed and validated here, and refuses what must not begin to run."""

    def on_parse(self) -> Iterator[None]:
        """Find the document, or parse it; what cannot be parsed is left to strawberry, which says why."""
        text = self.execution_context.query
        if text:
            if kept := _valid.get(text):
                self.execution_context.graphql_document = kept[0]
            else:
                self.execution_context.parse_options["max_tokens"] = MOST_TOKENS
        yield

    def on_validate(self) -> Iterator[None]:
        """Validate, unless it was valid before; then ask what no rule of the specification's validation asks."""
        context = self.execution_context
        document, text = context.graphql_document, context.query or ""
        assert document is not None
        if text not in _valid:
            context.pre_execution_errors = _errors(context.schema._schema, document, context.context.services.settings)
            if not context.pre_execution_errors and len(text) <= LONGEST_KEPT:
                _valid[text] = document, len(text)
        if not context.pre_execution_errors:
            try:
                self._check_operation(document)
                context.pre_execution_errors = []
            except Fault as fault:
                context.pre_execution_errors = [fault]
        yield

    def _check_operation(self, document: DocumentNode) -> None:
        """BadUserInput where it is open which operation is meant.

        Forbidden, before the first command of a mutation runs, where any of them may not be sent.
        """
        context = self.execution_context
        asked = context._provided_operation_name  # `operation_name` would name the first where the client named none
        operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        if len(operations) > 1 and asked is None:
            raise BadUserInput("The document has several operations: say in `operationName` which one to run.")
        fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
        for operation in operations:
            name = operation.name and operation.name.value
            if operation.operation is OperationType.MUTATION and asked in (None, name):
                for field in root_fields(operation.selection_set, fragments):
                    if access := ACCESS["Mutation"].get(field):
                        check_access(access, context.context.caller)


def _errors(schema: GraphQLSchema, document: DocumentNode, settings: ApiSettings) -> list[GraphQLError]:
    rules = [offered(settings.serve, settings.introspection), *specified_rules]
    errors = validate(schema, document, rules, hide_suggestions=not settings.introspection)
    if not_offered := [error for error in errors if isinstance(error, NotOffered)]:
        return [not_offered[0]]
    if any(isinstance(error.original_error, ValueError) for error in errors):
        # Python reads no whole number of more than 4,300 digits.
        return [BadUserInput("A number in the document has too many digits.")]
    return errors


def root_fields(selected: SelectionSetNode, fragments: dict[str, FragmentDefinitionNode]) -> Iterator[str]:
    """The names of the fields at the root, left out or not; validation sees to it that no fragments go in circles."""
    for selection in selected.selections:
        if isinstance(selection, FieldNode):
            yield selection.name.value
        elif isinstance(selection, InlineFragmentNode):
            yield from root_fields(selection.selection_set, fragments)
        elif isinstance(selection, FragmentSpreadNode):
            yield from root_fields(fragments[selection.name.value].selection_set, fragments)
