"""The Python of a plan: functions that splice a selection's answer out of what queries found, written once."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues

from api.compiled.sources import Shape, behind, parts_of_source, shape_of
from read_model.rows import SUMMARY, Parts

Selected = Mapping[str, list[FieldDetails]]

_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class NotPlanned(Exception):
    """The selection has something that only the executor knows."""


@dataclass(slots=True)
class Read:
    """A field that is answered by a query of the read model: its resolver, and how what it finds is written."""

    name: str
    field: GraphQLField
    nodes: list[FieldNode]
    function: "Function"
    is_root: bool
    parts: Parts = (SUMMARY,)

    @property
    def may_be_null(self) -> bool:
        """Whether an error ends here, or goes on to what the field is in."""
        return not is_non_null_type(self.field.type)


@dataclass(slots=True)
class Function:
    """A function that answers the JSON of its source."""

    name: str
    source: str
    statements: list[str] = field(default_factory=list)
    reads: list[tuple[str, int, str]] = field(default_factory=list)
    """The local variables for what others read: name, number of the read, and key in the answer."""
    waits: bool = False
    result: str = ""

    def text(self) -> str:
        """Its definition."""
        head = f"async def {self.name}({self.source}, run, path):" if self.waits else f"def {self.name}({self.source}):"
        lines = [*self.statements]
        if self.reads:
            calls = [f"run.read({number}, {self.source}, (*path, {key!r}))" for _, number, key in self.reads]
            names = ", ".join(name for name, _, _ in self.reads)
            lines.append(f"{names} = await " + (calls[0] if len(calls) == 1 else f"together({', '.join(calls)})"))
        return "\n    ".join([head, *lines, f"return {self.result}"])

    def call(self, source: str, path: str) -> str:
        """An expression for the JSON of one source, which is at the path."""
        return f"await {self.name}({source}, run, {path})" if self.waits else f"{self.name}({source})"


class Piece(NamedTuple):
    """Text of an answer with a %s for each expression that gives the rest."""

    template: str
    expressions: tuple[str, ...] = ()

    def code(self) -> str:
        """An expression for the whole."""
        if not self.expressions:
            return repr(self.template)
        if self.template == "%s":
            return self.expressions[0]
        return f"{self.template!r} % ({', '.join(self.expressions)},)"


@dataclass(frozen=True, slots=True)
class Scope:
    """Where code is: what the variables of the function that it is in hold."""

    function: Function
    variable: str
    """Of a row, its fragments; or an object."""
    shape: Shape | None = None
    around: "Scope | None" = None
    names: Mapping[str, str] = field(default_factory=dict)

    def leaf(self, name: str) -> str:
        """An expression for the JSON of a leaf or of an attribute."""
        name = self.names.get(name, name)
        if self.shape is None:
            return f"text({self.variable}.{name})"
        return self._leaf(self.shape.name(name))

    def _leaf(self, name: str) -> str:
        if self.shape and name in self.shape.leaves:
            return f"{self.variable}[{self.shape.leaves[name]}]"
        if self.around is None:
            raise NotPlanned(f"a row has no leaf {name}")
        return self.around._leaf(name)


class Writer:
    """Writes the functions of one operation, for fixed values of the variables in its `@skip` and `@include`."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        conditions: Mapping[str, Any],
    ) -> None:
        fragments = [node for node in document.definitions if isinstance(node, FragmentDefinitionNode)]
        self.reads: list[Read] = []
        self._schema = schema
        self._operation = operation
        self._fragments = {node.name.value: FragmentDetails(node) for node in fragments}
        self._values = VariableValues({}, dict(conditions))
        self._functions: list[Function] = []
        self._parts: set[str] = set()
        # Fragments in fragments can select a million fields with few words.
        self._most_fields = len(document.loc.source.body) if document.loc else 0

    def write(self) -> str:
        """A module with `answer`, which answers the operation's `data`; NotPlanned."""
        root = self._schema.get_root_type(self._operation.operation)
        assert root is not None
        selected = collect_fields(self._schema, self._fragments, self._values, root, self._operation).grouped_field_set
        if self._operation.operation is OperationType.MUTATION and len(selected) > 1:
            raise NotPlanned("commands one after another")
        answer = self._function("answer", "root")
        answer.waits = True
        answer.result = self._object(root, selected, Scope(answer, "root")).code()
        return self.text()

    def text(self) -> str:
        """All that was written."""
        return "\n\n".join(function.text() for function in self._functions) + "\n"

    def _object(self, type: GraphQLObjectType, selected: Selected, scope: Scope) -> Piece:
        """The JSON object of a source of that type."""
        templates: list[str] = []
        expressions: list[str] = []
        for key, details in selected.items():
            name = details[0].node.name.value
            self._most_fields -= 1
            if self._most_fields < 0:
                raise NotPlanned("more fields than the document has characters")
            if name == "__typename":
                piece = Piece(f'"{type.name}"')
            elif name not in type.fields:
                raise NotPlanned(name)
            else:
                piece = self._field(type.fields[name], key, details, scope)
            templates.append(f'"{key}":{piece.template}')
            expressions += piece.expressions
        return Piece("{" + ",".join(templates) + "}", tuple(expressions))

    def _field(self, field: GraphQLField, key: str, details: list[FieldDetails], scope: Scope) -> Piece:
        if behind(field).base_resolver:
            return self._read(field, key, details, scope)
        name, type = behind(field).python_name, get_named_type(field.type)
        if is_leaf_type(type):
            return Piece("%s", (scope.leaf(name),))
        assert is_object_type(type)
        names = parts_of_source(field)
        if names is not None:
            return self._object(type, self._within(type, details), replace(scope, names=names))
        if scope.shape:
            return self._part(field.type, scope.shape.name(name), self._within(type, details), scope)
        return self._found(field.type, f"{scope.variable}.{name}", f"(*path, {key!r})", details, scope.function)

    def _read(self, field: GraphQLField, key: str, details: list[FieldDetails], scope: Scope) -> Piece:
        """What another query answers: its own function, called with what it finds."""
        if scope.names or scope.around:
            raise NotPlanned("a query below a part of a row")
        outer, self._parts = self._parts, set()
        number = len(self.reads)
        function = self._function(f"{_snake(details[0].node.name.value)}_{number}", "found")
        nodes = [detail.node for detail in details]
        self.reads.append(read := Read(details[0].node.name.value, field, nodes, function, scope.variable == "root"))
        # Where there is nothing, or something goes wrong, the run says so.
        there = GraphQLNonNull(get_nullable_type(field.type))
        function.result = self._found(there, "found", "path", details, function).code()
        read.parts = (SUMMARY, *sorted(self._parts - {SUMMARY}))
        self._parts = outer
        variable = f"{_snake(key)}_of_{number}"
        scope.function.reads.append((variable, number, key))
        scope.function.waits = True
        return Piece("%s", (variable,))

    def _found(self, type: Any, source: str, path: str, details: list[FieldDetails], function: Function) -> Piece:
        """The JSON of what a query found, or of an attribute of that: an object, a list of them, or a leaf."""
        there = get_nullable_type(type)
        if is_leaf_type(there):
            return Piece("%s", (f"text({source})",))
        if is_list_type(there):
            if not is_non_null_type(there.of_type) or not is_non_null_type(type):
                raise NotPlanned("a list with holes, or of which there may be none")
            item = self._function_of(there.of_type, details)
            if item.waits:
                function.waits = True
                return Piece("[%s]", (f"','.join(await each({item.name}, {source}, run, {path}))",))
            return Piece("[%s]", (f"','.join([{item.call('item', path)} for item in {source}])",))
        one = self._function_of(there, details)
        function.waits |= one.waits
        if is_non_null_type(type):
            return Piece("%s", (one.call(source, path),))
        # What goes wrong below ends here.
        call = f"await run.part({one.name}, {source}, {path})" if one.waits else one.call(source, path)
        return Piece("%s", (f"({call} if {source} is not None else 'null')",))

    def _function_of(self, type: Any, details: list[FieldDetails]) -> Function:
        """A function for sources of that type."""
        named = get_named_type(type)
        if is_abstract_type(named):
            types = self._schema.get_possible_types(named)
            functions = {possible.name: self._function_of(possible, details) for possible in types}
            function = self._function(_snake(named.name), "row")
            waits = any(possible.waits for possible in functions.values())
            for one in (*functions.values(), function):
                one.waits = waits
            table = ", ".join(f"{name!r}: {one.name}" for name, one in functions.items())
            function.statements.append(f"write = {{{table}}}[type_of[{named.name!r}](row)]")
            function.result = "await write(row, run, path)" if waits else "write(row)"
            return function
        if not is_object_type(named):
            raise NotPlanned(f"a list of {named}")
        shape = shape_of(named)
        if shape and not shape.is_row:
            shape = None
        function = self._function(_snake(named.name), "row" if shape else "it")
        scope = Scope(function, function.source)
        if shape:
            function.statements.append(f"{SUMMARY} = row.texts[{SUMMARY!r}].split('\\n')")
            scope = Scope(function, SUMMARY, shape)
        function.result = self._object(named, self._within(named, details), scope).code()
        return function

    def _part(self, type: Any, name: str, selected: Selected, scope: Scope) -> Piece:
        """A part of a row: null where it is empty; or a table, of which each line is an object."""
        named = get_named_type(type)
        assert is_object_type(named)
        shape = shape_of(named)
        if shape is None or scope.around:
            raise NotPlanned(f"{named} in a row")
        self._parts.add(name)
        variable = f"{name}_line"
        line = self._object(named, selected, Scope(scope.function, variable, shape, scope)).code()
        if is_list_type(get_nullable_type(type)):
            lines = f"table(row.texts[{name!r}], {len(shape.leaves)})"
            return Piece("[%s]", (f"','.join([{line} for {variable} in {lines}])",))
        scope.function.statements.append(f"{variable} = row.texts[{name!r}].split('\\n')")
        return Piece("%s", (f"({line} if row.texts[{name!r}] else 'null')",))

    def _within(self, type: GraphQLObjectType, details: list[FieldDetails]) -> Selected:
        return collect_subfields(
            self._schema, self._fragments, self._values, self._operation, type, details
        ).grouped_field_set

    def _function(self, name: str, source: str) -> Function:
        taken = {function.name for function in self._functions}
        names: Iterator[str] = (name if n == 0 else f"{name}_{n}" for n in range(len(taken) + 1))
        function = Function(next(free for free in names if free not in taken), source)
        self._functions.append(function)
        return function


def _snake(name: str) -> str:
    return _WORD.sub("_", name).lower()


def table(text: str, width: int) -> list[list[str]]:
    """The lines of a part that is a table, each of so many fragments."""
    cells = text.split("\n") if text else []
    return [cells[at : at + width] for at in range(0, len(cells), width)]
