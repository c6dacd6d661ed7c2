"""GraphQL documents made from the contract: a field with all of its arguments, and all that can be selected of it."""

from functools import cache
from pathlib import Path
from typing import Final

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
    get_named_type,
    print_ast,
)

CONTRACT: Final = build_schema((Path(__file__).parents[1] / "api" / "contract.graphql").read_text(encoding="utf-8"))


def queries() -> frozenset[str]:
    """The fields of Query."""
    assert CONTRACT.query_type
    return frozenset(CONTRACT.query_type.fields)


@cache
def document(*path: str, of: str | None = None) -> str:
    """A query of the field at the path; its arguments, and those on the way, are variables of the same names.

    Where a name is taken, the variable is called `orders_first`. An interface needs the name of one of its types.
    """
    declared: dict[str, str] = {}
    asked, closing = "", ""
    parent = CONTRACT.query_type
    for name in path:
        assert isinstance(parent, GraphQLObjectType)
        field = parent.fields[name]
        variable = {argument: f"{name}_{argument}" if argument in declared else argument for argument in field.args}
        declared |= {variable[argument]: _declaration(argument, field) for argument in field.args}
        arguments = ", ".join(f"{argument}: ${variable[argument]}" for argument in field.args)
        asked += f"{{ {name}{f'({arguments})' if arguments else ''} "
        closing += " }"
        parent = get_named_type(field.type)
    variables = f"({', '.join(f'${name}: {type_}' for name, type_ in declared.items())})" if declared else ""
    if isinstance(parent, GraphQLInterfaceType):
        assert of
        return f"query{variables} {asked}{{ ... on {of} {selection(of)} }}{closing}"
    assert parent
    return f"query{variables} {asked}{selection(parent.name)}{closing}"


def _declaration(name: str, field: GraphQLField) -> str:
    node = field.args[name].ast_node
    assert node
    default = f" = {print_ast(node.default_value)}" if node.default_value else ""
    return f"{print_ast(node.type)}{default}"


def selection(type_name: str) -> str:
    """Everything that a type has and that needs no argument; of edges only what `nodes` do not say."""
    type_ = CONTRACT.type_map[type_name]
    if not isinstance(type_, GraphQLObjectType):
        return ""
    if type_name.endswith("Edge"):
        return "{ cursor node { id } }"
    fields = [
        f"{name} {selection(get_named_type(field.type).name)}".strip()
        for name, field in type_.fields.items()
        if not field.args
    ]
    return f"{{ {' '.join(fields)} }}"
