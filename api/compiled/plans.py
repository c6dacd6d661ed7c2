"""From a document to its plan: what to ask the read model, and the code that writes the answer."""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from inspect import Parameter
from typing import Any, Final, NamedTuple, cast

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLID,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    OperationType,
    Undefined,
    VariableNode,
    Visitor,
    coerce_input_value,
    get_nullable_type,
    get_operation_ast,
    is_abstract_type,
    visit,
)
from graphql.execution.get_variable_signature import get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values
from graphql.pyutils import gather_with_cancel
from pydantic_core import to_json
from strawberry import Schema

from api.access import ACCESS, Rule
from api.compiled.arguments import Arguments, arguments_of
from api.compiled.code import NotPlanned, Writer, table
from api.compiled.sources import behind
from api.documents import root_fields
from api.exchange import Tally
from api.limits import Measures
from read_model.rows import Parts

MOST_VARIANTS: Final = 8
"""Plans of one operation, by the values of the variables in its `@skip` and `@include`; others are executed."""


class Read(NamedTuple):
    """One query of the read model: what is called with which arguments, and the function that writes what it finds."""

    resolver: Callable[..., Awaitable[Any]]
    parent: str | None
    """The argument of the resolver that takes the source."""
    arguments: Callable[[VariableValues], Arguments]
    parts: Parts
    write: Callable[..., Any]
    waits: bool
    nodes: list[FieldNode]
    may_be_null: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """How one operation is answered; `code` is what runs, to be read."""

    code: str
    answer: Callable[[None, Any, tuple[str, ...]], Coroutine[None, None, str]]
    reads: tuple[Read, ...]
    access: frozenset[Rule]
    """What the caller must be allowed."""
    changes: bool
    """Whether it sends a command: it must not be run twice."""

    def __str__(self) -> str:
        """To be read: what each of the reads is, and the code."""
        reads = [f"# {n}: {read.resolver.__qualname__}, {', '.join(read.parts)}" for n, read in enumerate(self.reads)]
        return "\n".join([*reads, "", self.code])


class Operation:
    """A query or a mutation of a valid document, with a plan for each combination of what it skips and includes."""

    def __init__(
        self, schema: Schema, document: DocumentNode, definition: OperationDefinitionNode, measures: Measures
    ) -> None:
        self.measures: Final = measures
        self.cost: Final = measures.cost.of
        """For the values of the variables as they were sent."""
        self._schema = schema
        self._document = document
        self._definition = definition
        self.type: Final = definition.operation.value
        self.name: Final = definition.name.value if definition.name else None
        self.tally: Tally | None = None
        self.variables: Final = self._definition.variable_definitions or ()
        self.conditions: Final = conditions_of(document)
        """The variables that decide what is skipped and what is included."""
        self._plans: dict[tuple[bool, ...], Plan | None] = {}
        # graphql-core would find out their types with every request.
        signatures = (get_variable_signature(schema._schema, variable) for variable in self.variables)
        self._signatures = [signature for signature in signatures if not isinstance(signature, GraphQLError)]
        self._texts = {
            its.name for its in self._signatures if get_nullable_type(its.type) in (GraphQLID, GraphQLString)
        }

    def plan(self, variables: Mapping[str, Any]) -> Plan | None:
        """The plan for these values of the variables; None where the executor has to answer."""
        values = tuple([value for name in self.conditions if isinstance(value := variables.get(name), bool)])
        if values not in self._plans:
            if len(self._plans) >= MOST_VARIANTS or len(values) < len(self.conditions):
                return None
            conditions = dict(zip(self.conditions, values, strict=True))
            self._plans[values] = self._planned(conditions)
        return self._plans[values]

    def values(self, given: Mapping[str, Any]) -> VariableValues | None:
        """The values of the variables, coerced; None where one of them is wrong."""
        values = VariableValues({}, {})
        for signature in self._signatures:
            value = given.get(signature.name, Undefined)
            if value is Undefined:  # there are rules for that
                every = get_variable_values(self._schema._schema, self.variables, dict(given), max_errors=1)
                return None if isinstance(every, list) else every
            is_text = type(value) is str and signature.name in self._texts  # which is what it is
            coerced = value if is_text else coerce_input_value(value, signature.type)
            if coerced is Undefined:
                return None
            values.sources[signature.name] = VariableValueSource(signature, value)
            values.coerced[signature.name] = coerced
        return values

    def _planned(self, conditions: Mapping[str, bool]) -> Plan | None:
        try:
            return make_plan(self._schema, self._document, self._definition, conditions)
        except NotPlanned:
            return None


def operations_of(
    schema: Schema, document: DocumentNode, measures: Mapping[str | None, Measures]
) -> Mapping[str | None, Operation]:
    """The queries and mutations of a valid document by the names by which they can be asked for, as they were measured.

    None of them where there is a directive that no plan knows.
    """
    if has_unknown_directives(document):
        return {}
    found: dict[str | None, Operation] = {}
    for name, measured in measures.items():
        definition = get_operation_ast(document, name)
        if definition and definition.operation is not OperationType.SUBSCRIPTION:
            found[name] = Operation(schema, document, definition, measured)
    return found


def make_plan(
    schema: Schema, document: DocumentNode, operation: OperationDefinitionNode, conditions: Mapping[str, bool]
) -> Plan:
    """The plan of an operation; NotPlanned."""
    changes = operation.operation is OperationType.MUTATION
    writer = Writer(schema._schema, document, operation, conditions)
    code = writer.write()
    names = run_code(schema._schema, code)
    reads = tuple(
        Read(
            *_resolver(read.field),
            arguments_of(schema, read.field, read.nodes[0], as_sent=changes),
            read.parts,
            names[read.function.name],
            read.function.waits,
            read.nodes,
            read.may_be_null,
        )
        for read in writer.reads
    )
    if changes:
        # As the executor does before it begins, which is before it looks at what is skipped.
        fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
        fields = root_fields(operation.selection_set, fragments)
        access = frozenset(ACCESS["Mutation"][name] for name in fields if name in ACCESS["Mutation"])
    else:
        access = frozenset(ACCESS["Query"][read.name] for read in writer.reads if read.is_root)
    return Plan(code, names["answer"], reads, access, changes)


def run_code(schema: GraphQLSchema, code: str) -> dict[str, Any]:
    """The functions that a Writer has written, by name."""
    names: dict[str, Any] = {
        "text": _text,
        "table": table,
        "together": _together,
        "each": _each,
        "type_of": _types(schema),
    }
    exec(compile(code, "<plan>", "exec"), names)
    return names


def _directives(document: DocumentNode) -> list[DirectiveNode]:
    found: list[DirectiveNode] = []

    class Finder(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
            found.append(node)

    visit(document, Finder())
    return found


def has_unknown_directives(document: DocumentNode) -> bool:
    """Whether it has others than `@skip` and `@include`."""
    return any(node.name.value not in ("skip", "include") for node in _directives(document))


def conditions_of(document: DocumentNode) -> tuple[str, ...]:
    """The variables in its `@skip` and `@include`."""
    values = [argument.value for node in _directives(document) for argument in node.arguments or ()]
    return tuple(dict.fromkeys(value.name.value for value in values if isinstance(value, VariableNode)))


def _resolver(field: GraphQLField) -> tuple[Callable[..., Awaitable[Any]], str | None]:
    resolver = behind(field).base_resolver
    assert resolver is not None
    if not resolver.is_async:
        raise NotPlanned("a resolver that reads nothing")
    parent = resolver.parent_parameter
    return cast(Callable[..., Awaitable[Any]], resolver.wrapped_func), parent.name if isinstance(
        parent, Parameter
    ) else None


def _types(schema: GraphQLSchema) -> Mapping[str, Callable[[Any], str]]:
    """By interface, what tells the type of a row."""
    found: dict[str, Any] = {
        type.name: type.resolve_type for type in schema.type_map.values() if is_abstract_type(type)
    }
    return found


def _text(value: object) -> str:
    return to_json(value).decode()


async def _together(*answers: Awaitable[str]) -> list[str]:
    return await gather_with_cancel(*answers)


async def _each(
    write: Callable[..., Awaitable[str]], sources: Iterable[Any], run: Any, path: tuple[Any, ...]
) -> list[str]:
    return await gather_with_cancel(*(write(source, run, (*path, n)) for n, source in enumerate(sources)))
