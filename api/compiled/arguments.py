"""The arguments of a plan's reads: what the executor would give a resolver, worked out before as far as it goes."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeGuard

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputType,
    Node,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    get_nullable_type,
    is_input_object_type,
    is_scalar_type,
)
from graphql.execution.values import VariableValues, get_argument_values
from strawberry import Schema
from strawberry.types.arguments import convert_arguments
from strawberry.types.base import StrawberryObjectDefinition

from api.compiled.sources import BEHIND, behind

Arguments = Mapping[str, Any]


def arguments_of(
    schema: Schema, field: GraphQLField, node: FieldNode, *, as_sent: bool
) -> Callable[[VariableValues], Arguments]:
    """What the resolver is given, as the executor would; GraphQLError where a variable's value cannot be it.

    `as_sent`: an input object that is a variable's value is given as its fields were sent, coerced; a command is built
    from those.
    """
    config, converter = schema.config, schema.schema_converter
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    varying = {name for name, value in given.items() if _has_variable(value)}
    python_names = {config.name_converter.from_argument(one): one.python_name for one in behind(field).arguments}

    def some(names: Collection[str]) -> Callable[[VariableValues], Arguments]:
        only = GraphQLField(field.type, {name: field.args[name] for name in names})
        named = [one for one in behind(field).arguments if config.name_converter.from_argument(one) in names]

        def converted(variables: VariableValues) -> Arguments:
            values = get_argument_values(only, node, variables)
            return convert_arguments(values, named, converter.scalar_registry, config)

        return converted if names else lambda _: {}

    # A scalar that is a variable is given as it is, by itself or within an object; where it has no value, there are
    # rules.
    plain = {
        name: value.name.value
        for name, value in given.items()
        if _is_scalar(value, field.args[name].type) or (as_sent and _is_input(value, field.args[name].type))
    }
    plainly = [(python_names[name], variable) for name, variable in plain.items()]
    objects = {name: holes for name in varying if (holes := _holes(schema, field.args[name].type, given[name]))}
    filled = [(python_names[name], _Filled(some([name]), holes)) for name, holes in objects.items()]
    constant = some(field.args.keys() - varying)(VariableValues({}, {}))
    others, every = some(varying - plain.keys() - objects.keys()), some(varying)

    def arguments(variables: VariableValues) -> Arguments:
        found = {name: variables.coerced.get(variable) for name, variable in plainly}
        for name, value in filled:
            found[name] = value.of(variables)
        if None in found.values():
            return {**constant, **every(variables)}
        return {**constant, **found, **others(variables)}

    return arguments if varying else lambda _: constant


def _is_scalar(value: ValueNode, type: GraphQLInputType) -> TypeGuard[VariableNode]:
    return isinstance(value, VariableNode) and is_scalar_type(get_nullable_type(type))


def _is_input(value: ValueNode, type: GraphQLInputType) -> TypeGuard[VariableNode]:
    return isinstance(value, VariableNode) and is_input_object_type(get_nullable_type(type))


def _holes(schema: Schema, type: GraphQLInputType, value: ValueNode) -> Mapping[str, str]:
    """By attribute of an input object that a document writes out, the variable that gives its scalar value.

    Empty where there is none, or where a variable gives anything else.
    """
    of = get_nullable_type(type)
    if not is_input_object_type(of) or not isinstance(value, ObjectValueNode):
        return {}
    fields = {node.name.value: node.value for node in value.fields if _has_variable(node.value)}
    if not all(_is_scalar(value, of.fields[name].type) for name, value in fields.items()):
        return {}
    definition: StrawberryObjectDefinition = of.extensions[BEHIND]
    names = {schema.config.name_converter.get_graphql_name(one): one.python_name for one in definition.fields}
    return {names[name]: value.name.value for name, value in fields.items() if isinstance(value, VariableNode)}


class _Filled:
    """An input object that differs from one request to the next in a few scalars only: made once, and then copied."""

    def __init__(self, make: Callable[[VariableValues], Arguments], holes: Mapping[str, str]) -> None:
        self._make = make
        self._holes = holes
        self._made: Any = None

    def of(self, variables: VariableValues) -> Any:
        """The object for these values; None where one is missing."""
        found = {attribute: variables.coerced.get(variable) for attribute, variable in self._holes.items()}
        if None in found.values():
            return None
        if self._made is None:
            [self._made] = self._make(variables).values()
        filled = object.__new__(type(self._made))  # copy.copy takes four times as long
        vars(filled).update(vars(self._made), **found)
        return filled


def _has_variable(node: Node) -> bool:
    if isinstance(node, VariableNode):
        return True
    inner = (getattr(node, key) for key in node.keys if key != "loc")
    return any(
        _has_variable(part)
        for value in inner
        for part in (value if isinstance(value, list | tuple) else (value,))
        if isinstance(part, Node)
    )
