"""Operations made from a schema, each with all that it can select, and the record of what of the schema was reached."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_specified_scalar_type,
)

Arguments = Mapping[str, Any]
"""By name. Those of a nested field stand under its coordinate: `{"Customer.orders": {"first": 1}}`."""


class Walk:
    """What has been asked and answered so far: `reached` has the coordinates, `Order.total` or `Query.orders(first)`.

    A field is reached when it was answered with a value, an argument or an input's field when it was sent with one, a
    value of an enum when it was seen or sent.
    """

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self.reached: set[str] = set()

    def arguments_of(self, root: str, name: str) -> set[str]:
        """The names of a root field's arguments."""
        return set(self._object(root).fields[name].args)

    def operation(self, root: str, name: str, arguments: Arguments) -> tuple[str, dict[str, Any]]:
        """The root field with everything selected, as a document with its variables."""
        variables: dict[str, tuple[GraphQLInputType, Any]] = {}
        field = self._field(self._object(root), name, arguments, variables, ())
        declared = _in_brackets([f"${variable}: {type_}" for variable, (type_, _) in variables.items()])
        return f"{root.lower()}{declared} {{ {field} }}", {
            variable: value for variable, (_, value) in variables.items()
        }

    def sent(self, root: str, name: str, arguments: Arguments) -> None:
        """Record what was asked with."""
        nested = {key: value for key, value in arguments.items() if "." in key}
        given = {f"{root}.{name}": _of_root(arguments), **nested}
        for coordinate, values in given.items():
            type_name, field = coordinate.split(".")
            for argument, value in values.items():
                self.reached.add(f"{coordinate}({argument})")
                self._sent(self._object(type_name).fields[field].args[argument].type, value)

    def answered(self, root: str, data: Mapping[str, Any]) -> None:
        """Record what the data of an answer show."""
        self._seen(self._object(root), data)

    def unreached(self) -> set[str]:
        """All that the schema has and nothing has reached."""
        return set(self._all()) - self.reached

    def _object(self, name: str) -> GraphQLObjectType:
        type_ = self.schema.type_map[name]
        assert isinstance(type_, GraphQLObjectType)
        return type_

    def _field(
        self,
        parent: GraphQLObjectType | GraphQLInterfaceType,
        name: str,
        arguments: Arguments,
        variables: dict[str, tuple[GraphQLInputType, Any]],
        path: tuple[str, ...],
    ) -> str:
        field, coordinate = parent.fields[name], f"{parent.name}.{name}"
        own = arguments.get(coordinate, {}) if path else _of_root(arguments)
        passed = []
        for argument, value in own.items():
            variable = f"{name}_{argument}"
            variables[variable] = field.args[argument].type, value
            passed.append(f"{argument}: ${variable}")
        selection = self._selection(field, arguments, variables, (*path, name))
        return f"{name}{_in_brackets(passed)}{selection}"

    def _selection(
        self,
        field: GraphQLField,
        arguments: Arguments,
        variables: dict[str, tuple[GraphQLInputType, Any]],
        path: tuple[str, ...],
    ) -> str:
        type_ = get_named_type(field.type)
        if is_leaf_type(type_):
            return ""
        assert isinstance(type_, GraphQLObjectType | GraphQLInterfaceType)
        # A type in a circle would be selected without end.
        assert len(path) < 10, f"{path} goes too deep"
        fields = (self._field(type_, name, arguments, variables, path) for name in type_.fields)
        return f" {{ __typename {' '.join(fields)} }}"

    def _sent(self, type_: GraphQLInputType, value: Any) -> None:
        named = get_named_type(type_)
        if isinstance(value, list):
            for item in value:
                self._sent(cast(GraphQLInputType, named), item)
        elif isinstance(named, GraphQLEnumType):
            self.reached.add(f"{named.name}.{value}")
        elif isinstance(named, GraphQLInputObjectType):
            for name, its in value.items():
                self.reached.add(f"{named.name}.{name}")
                self._sent(named.fields[name].type, its)

    def _seen(self, type_: GraphQLNamedType | GraphQLOutputType, value: Any) -> None:
        named = get_named_type(type_)
        if value is None:
            return
        if isinstance(value, list):
            assert not isinstance(type_, GraphQLNamedType)
            for item in value:
                self._seen(named, item)
        elif isinstance(named, GraphQLEnumType):
            self.reached.add(f"{named.name}.{value}")
        elif isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
            actual = self._object(value.get("__typename", named.name))
            for name, its in value.items():
                if name != "__typename" and its is not None:
                    self.reached |= {f"{known.name}.{name}" for known in (named, actual)}
                    self._seen(actual.fields[name].type, its)

    def _all(self) -> Iterator[str]:
        for type_ in self.schema.type_map.values():
            if type_.name.startswith("__") or is_specified_scalar_type(type_):
                continue
            if isinstance(type_, GraphQLEnumType):
                yield from (f"{type_.name}.{value}" for value in type_.values)
            elif isinstance(type_, GraphQLInputObjectType):
                yield from (f"{type_.name}.{name}" for name in type_.fields)
            elif isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
                for name, field in type_.fields.items():
                    yield f"{type_.name}.{name}"
                    yield from (f"{type_.name}.{name}({argument})" for argument in field.args)


def _of_root(arguments: Arguments) -> dict[str, Any]:
    return {key: value for key, value in arguments.items() if "." not in key}


def _in_brackets(parts: list[str]) -> str:
    return f"({', '.join(parts)})" if parts else ""
