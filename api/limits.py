"""What an operation asks for, measured in one pass over its document, and the limits on that."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)

from api.errors import BadUserInput, Code, Fault
from api.settings import ApiSettings
from read_model.pages import DEFAULT_SIZE, MAX_SIZE

OBJECT_COST: Final = 1
"""Of an object, whatever leaves are selected of it; a page costs its size times what a row of it does."""
COMMAND_COST: Final = 10
"""Of sending a command, or of following something, beside what is selected of its result."""
MOST_DIGITS: Final = 12
"""Of a number that may be the size of a page; an ID may have more, and Python reads no more than 4,300."""
MOST_SAID: Final = 10**9
"""What fragments multiply may have hundreds of digits."""


class OverLimit(Fault):
    code = Code.GRAPHQL_VALIDATION_FAILED


class _Size(NamedTuple):
    """Of a page: what `first` and `last` say, a number or the name of a variable, and what it is where neither does."""

    given: tuple[int | str, ...]
    default: int

    @property
    def is_fixed(self) -> bool:
        return not any(isinstance(one, str) for one in self.given)

    def of(self, variables: Mapping[str, Any]) -> int:
        """The size for these values as they were sent; what is no size is refused elsewhere."""
        for one in self.given:
            value = variables.get(one) if isinstance(one, str) else one
            if isinstance(value, int | float):
                return int(max(0, min(value, MAX_SIZE)))
        return self.default


@dataclass(slots=True)
class _Sum:
    """A cost: a number, and so many times each of the pages whose size varies, by their numbers."""

    fixed: int = 0
    pages: dict[int, int] = field(default_factory=dict)

    def add(self, other: "_Sum", times: int = 1) -> None:
        self.fixed += times * other.fixed
        for page, number in other.pages.items():
            self.pages[page] = self.pages.get(page, 0) + times * number

    def value(self, pages: list[int]) -> int:
        """Where the pages cost so much."""
        return self.fixed + sum([number * pages[page] for page, number in self.pages.items()])


class Cost:
    """What an operation costs: a number, or a sum over the pages whose sizes are variables."""

    def __init__(self, total: _Sum, pages: list[tuple[_Size, _Sum]], defaults: Mapping[str, int]) -> None:
        self._total: Final = total
        self._pages: Final = pages
        self._defaults: Final = defaults
        self.varies: Final = bool(total.pages)

    def of(self, variables: Mapping[str, Any]) -> int:
        """For these values of the variables as they were sent."""
        if not self.varies:
            return self._total.fixed
        if self._defaults:
            variables = {**self._defaults, **variables}
        values: list[int] = []
        for size, row in self._pages:  # the inner ones come first
            values.append(size.of(variables) * row.value(values))
        return self._total.value(values)


@dataclass(frozen=True, slots=True)
class Measures:
    """Of one operation, with everything that its fragments bring along, left out or not."""

    depth: int
    aliases: int
    root_fields: int
    directives: int
    cost: Cost

    def check(self, settings: ApiSettings) -> None:
        """OverLimit where it is too much whatever the variables hold."""
        _check("levels of fields", self.depth, settings.max_depth, "MAX_DEPTH", "ask for what is deeper by itself")
        _check("aliases", self.aliases, settings.max_aliases, "MAX_ALIASES", "send several requests")
        _check(
            "fields at its root", self.root_fields, settings.max_root_fields, "MAX_ROOT_FIELDS", "send several requests"
        )
        _check("directives", self.directives, settings.max_directives, "MAX_DIRECTIVES", "leave fields out by hand")
        if not self.cost.varies:
            self.check_cost(self.cost.of({}), settings)

    def is_allowed(self, settings: ApiSettings) -> bool:
        """Whether `check` would find nothing."""
        try:
            self.check(settings)
        except OverLimit:
            return False
        return True

    def check_cost(self, cost: int, settings: ApiSettings) -> None:
        """OverLimit, or BadUserInput where the variables have made it so."""
        if cost > settings.max_cost:
            fault = BadUserInput if self.cost.varies else OverLimit
            raise fault(
                f"The operation costs {_said(cost)}, at most {settings.max_cost:,} is allowed (MAX_COST): "
                "ask for smaller pages, or for less in each row."
            )


def _check(what: str, found: int, limit: int, setting: str, advice: str) -> None:
    if found > limit:
        raise OverLimit(
            f"The operation has {_said(found)} {what}, at most {limit:,} are allowed ({setting}): {advice}."
        )


def _said(number: int) -> str:
    return f"{number:,}" if number < MOST_SAID else f"more than {MOST_SAID:,}"


def measure(schema: GraphQLSchema, document: DocumentNode) -> Mapping[str | None, Measures]:
    """The measures of a valid document's operations, by the names by which they can be asked for.

    That of the only one may be None. One pass: a fragment is measured once, however often it is spread.
    """
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    measuring = _Measuring(schema, document)
    found: dict[str | None, Measures] = {}
    for node in operations:
        measures = measuring.operation(node)
        if node.name:
            found[node.name.value] = measures
        if len(operations) == 1:
            found[None] = measures
    return found


@dataclass(slots=True)
class _Total:
    """Of a selection."""

    depth: int = 0
    fields: int = 0
    """At its top."""
    aliases: int = 0
    directives: int = 0
    cost: _Sum = field(default_factory=_Sum)
    row: _Sum = field(default_factory=_Sum)
    """Of a connection: what is selected of each row of the page, whose size only the connection's field knows."""

    def add(self, other: "_Total") -> None:
        self.depth = max(self.depth, other.depth)
        self.fields += other.fields
        self.aliases += other.aliases
        self.directives += other.directives
        self.cost.add(other.cost)
        self.row.add(other.row)


class _Measuring:
    """The pass over a document."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._measured: dict[str, _Total] = {}
        self._pages: list[tuple[_Size, _Sum]] = []

    def operation(self, node: OperationDefinitionNode) -> Measures:
        root = self._schema.get_root_type(node.operation)
        assert root is not None
        total = self._selection(root, node.selection_set)
        total.directives += len(node.directives or ())
        if node.operation is not OperationType.QUERY:
            total.cost.fixed += COMMAND_COST * total.fields
        defaults = {
            one.variable.name.value: int(one.default_value.value)
            for one in node.variable_definitions or ()
            if isinstance(one.default_value, IntValueNode) and len(one.default_value.value) < MOST_DIGITS
        }
        cost = Cost(total.cost, self._pages, defaults)
        return Measures(total.depth, total.aliases, total.fields, total.directives, cost)

    def _selection(self, type: GraphQLCompositeType, selected: SelectionSetNode) -> _Total:
        total = _Total()
        for selection in selected.selections:
            total.directives += len(selection.directives or ())
            if isinstance(selection, FieldNode):
                total.add(self._field(type, selection))
            elif isinstance(selection, FragmentSpreadNode):
                total.add(self._fragment(selection.name.value))
            elif isinstance(selection, InlineFragmentNode):
                on = selection.type_condition
                total.add(self._selection(self._named(on.name.value) if on else type, selection.selection_set))
        return total

    def _fragment(self, name: str) -> _Total:
        if name not in self._measured:
            node = self._fragments[name]
            total = self._selection(self._named(node.type_condition.name.value), node.selection_set)
            total.directives += len(node.directives or ())
            self._measured[name] = total
        return self._measured[name]

    def _named(self, name: str) -> GraphQLCompositeType:
        type = self._schema.type_map[name]
        assert is_composite_type(type)
        return type

    def _field(self, parent: GraphQLCompositeType, node: FieldNode) -> _Total:
        total = _Total(depth=1, fields=1, aliases=1 if node.alias else 0)
        definition = self._schema.get_field(parent, node.name.value)
        if definition is None or node.selection_set is None:
            return total
        named = get_named_type(definition.type)
        assert is_composite_type(named)
        inner = self._selection(named, node.selection_set)
        total.depth += inner.depth
        total.aliases += inner.aliases
        total.directives += inner.directives
        inner.cost.fixed += OBJECT_COST
        is_list = is_list_type(get_nullable_type(definition.type))
        if is_list and parent.name.endswith("Connection"):
            total.row = inner.cost
        elif "first" not in definition.args:
            total.cost = inner.cost
        elif is_list:
            self._add_page(total.cost, definition, node, inner.cost)
        else:
            total.cost = inner.cost
            self._add_page(total.cost, definition, node, inner.row)
        return total

    def _add_page(self, cost: _Sum, definition: GraphQLField, node: FieldNode, row: _Sum) -> None:
        """Add what so many rows cost."""
        size = self._size(definition, node)
        if size.is_fixed:
            cost.add(row, size.of({}))
        elif row.fixed or row.pages:
            self._pages.append((size, row))
            cost.add(_Sum(pages={len(self._pages) - 1: 1}))

    def _size(self, definition: GraphQLField, node: FieldNode) -> _Size:
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        sizes: list[int | str] = []
        for name in ("first", "last"):
            match given.get(name):
                case IntValueNode() as number:
                    sizes.append(int(number.value))
                case VariableNode() as variable:
                    sizes.append(variable.name.value)
        default = definition.args["first"].default_value
        return _Size(tuple(sizes), default if isinstance(default, int) else DEFAULT_SIZE)
