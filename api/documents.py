"""Documents, examined before anything runs: bounded, parsed and validated once where they come again."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from operator import attrgetter
from typing import Any, Final, NamedTuple, TypeVar

from cachetools import LRUCache
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
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
from api.errors import BadUserInput, Code, Fault
from api.limits import Measures, measure
from api.offered import NotOffered, offered
from api.repetition import TooRepetitive, check_repetition
from api.settings import ApiSettings

KEPT_CHARACTERS: Final = 100_000
"""Of all documents that are kept: parsed, a character costs some 300 bytes."""
LONGEST_KEPT: Final = 10_000
_examiner: Final = ThreadPoolExecutor(1, "documents")

T = TypeVar("T")


class Known(NamedTuple):
    """A valid document, and the measures of its operations by name."""

    document: DocumentNode
    measures: Mapping[str | None, Measures]
    length: int


# By text; an invalid one costs its sender as much as us.
_valid: LRUCache[str, Known] = LRUCache(KEPT_CHARACTERS, getsizeof=attrgetter("length"))


# Those that may be asked for without being sent: they are not displaced.
_kept: dict[str, Known] = {}


def known_document(text: str) -> Known | None:
    """The document, where it has come before and is valid."""
    return _valid.get(text) or _kept.get(text)


def keep_for_good(schema: GraphQLSchema, text: str, settings: ApiSettings) -> None:
    """Know the document from now on; GraphQLError where it is not valid, or asks for more than it may."""
    document = parse(text, max_tokens=settings.max_tokens)
    if errors := _errors(schema, document, settings):
        raise errors[0]
    measures = measure(schema, document)
    for one in measures.values():
        one.check(settings)
    _kept[text] = Known(document, measures, len(text))


def is_subscription(text: str | None, operation_name: str | None, settings: ApiSettings) -> bool:
    """Whether that is what this operation, which is running, has turned out to be."""
    try:
        known = known_document(text or "")
        document = known.document if known else parse(text or "", max_tokens=settings.max_tokens)
    except GraphQLError:
        return False
    operation = get_operation_ast(document, operation_name)
    return operation is not None and operation.operation is OperationType.SUBSCRIPTION


class Documents(SchemaExtension):
    """Gives the execution a document that was parsed and validated here, and refuses what must not begin to run."""

    _bill: Mapping[str, int] | None = None

    async def on_parse(self) -> AsyncIterator[None]:
        """Find the document, or parse it."""
        context = self.execution_context
        if text := context.query:
            known = known_document(text)
            context.graphql_document = known.document if known else await self._parse(text)
        yield

    async def _parse(self, text: str) -> DocumentNode:
        """GraphQLSyntaxError, or BadUserInput; Throttled before anything is done for who has used up what they may."""
        context = self.execution_context.context
        await context.charge_for_reading(len(text))
        try:
            return await _examined(partial(parse, text, max_tokens=context.services.settings.max_tokens))
        except RecursionError:
            raise BadUserInput("The document is nested too deeply.") from None
        except GraphQLSyntaxError as error:
            error.extensions = {"code": Code.GRAPHQL_PARSE_FAILED}
            raise

    async def on_validate(self) -> AsyncIterator[None]:
        """Validate, unless it was valid before; then ask what no rule of the specification's validation asks."""
        context = self.execution_context
        document, text = context.graphql_document, context.query or ""
        assert document is not None
        settings: ApiSettings = context.context.services.settings
        known, errors = known_document(text), list[GraphQLError]()
        try:
            if known is None:
                examine = partial(_examine, context.schema._schema, document, text, settings)
                known, errors = await _examined(examine)
                if known is not None and len(text) <= LONGEST_KEPT:
                    _valid[text] = known
            if known is not None:
                self._check_operation(document)
                await self._charge(known)
        except Fault as fault:
            errors = [fault]
        context.pre_execution_errors = errors
        yield

    async def _charge(self, known: Known) -> None:
        """OverLimit or BadUserInput where the operation asks for too much, Throttled where its sender has lately."""
        context = self.execution_context
        measures = known.measures[context._provided_operation_name]
        measures.check(context.context.services.settings)
        cost = measures.cost.of(context.variables or {})
        measures.check_cost(cost, context.context.services.settings)
        bill = await context.context.charge(cost)
        if context.operation_type.value != OperationType.SUBSCRIPTION.value:  # whose events are many
            self._bill = bill

    def get_results(self) -> dict[str, Any]:
        """The extensions of the answer: what the operation has cost."""
        return {"cost": self._bill} if self._bill else {}

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
            if (exchange := context.context.exchange) and asked in (None, name):
                exchange.type, exchange.name = operation.operation.value, name
            if operation.operation is OperationType.MUTATION and asked in (None, name):
                for field in root_fields(operation.selection_set, fragments):
                    if access := ACCESS["Mutation"].get(field):
                        check_access(access, context.context.caller)


async def _examined(examine: Callable[[], T]) -> T:
    """What comes of looking at a document, while others go on: the longest take a sixth of a second.

    One after another: who sends many has the interpreter for no longer than who sends one.
    """
    return await asyncio.get_running_loop().run_in_executor(_examiner, examine)


def _examine(
    schema: GraphQLSchema, document: DocumentNode, text: str, settings: ApiSettings
) -> tuple[Known | None, list[GraphQLError]]:
    """The document with its measures, where it is valid; else what is wrong."""
    if errors := _errors(schema, document, settings):
        return None, errors
    return Known(document, measure(schema, document), len(text)), []


def _errors(schema: GraphQLSchema, document: DocumentNode, settings: ApiSettings) -> list[GraphQLError]:
    try:
        check_repetition(document)
    except TooRepetitive as fault:
        return [fault]
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
