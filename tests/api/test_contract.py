"""The schema that the code exports says what the contract says, no less and no more, and describes all of it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
    is_specified_scalar_type,
    print_ast,
)

from api.schema import schema

CONTRACT = build_schema(Path(__file__).with_name("contract.graphql").read_text(encoding="utf-8"))
EXPORTED = build_schema(schema.as_str())

Member = GraphQLField | GraphQLInputField | GraphQLEnumValue | GraphQLArgument


def types_of(schema: GraphQLSchema) -> dict[str, GraphQLNamedType]:
    """Its own types: not the specification's."""
    return {
        name: type_
        for name, type_ in schema.type_map.items()
        if not name.startswith("__") and not is_specified_scalar_type(type_)
    }


def members_of(type_: GraphQLNamedType) -> Mapping[str, Member]:
    """A type's fields or values, and the arguments of its fields, by what they are called there."""
    match type_:
        case GraphQLEnumType():
            return dict(type_.values)
        case GraphQLInputObjectType():
            return dict(type_.fields)
        case GraphQLObjectType() | GraphQLInterfaceType():
            arguments = {
                f"{name}({argument})": its
                for name, field in type_.fields.items()
                for argument, its in field.args.items()
            }
            return {**type_.fields, **arguments}
    return {}


def facts(what: GraphQLNamedType | Member) -> dict[str, object]:
    """All that it says, its members and its description aside. Its order only where clients see it."""
    match what:
        case GraphQLField():
            return {"type": str(what.type), "deprecated": what.deprecation_reason}
        case GraphQLArgument() | GraphQLInputField():
            # As it is written: a schema that was built from SDL keeps the value where graphql-core alone reads it.
            written = what.ast_node and what.ast_node.default_value
            default = print_ast(written) if written else "none"
            return {"type": str(what.type), "default": default, "deprecated": what.deprecation_reason}
        case GraphQLEnumValue():
            return {"deprecated": what.deprecation_reason}
        case GraphQLEnumType():
            return {"kind": "enum", "values": list(what.values)}
        case GraphQLObjectType() | GraphQLInterfaceType():
            return {"kind": type(what).__name__, "interfaces": {interface.name for interface in what.interfaces}}
        case GraphQLInputObjectType() | GraphQLScalarType():
            return {"kind": type(what).__name__}
    raise AssertionError(f"there is no {type(what).__name__} in the contract")


def differences(name: str, ours: GraphQLNamedType | Member, theirs: GraphQLNamedType | Member) -> Iterator[str]:
    if facts(ours) != facts(theirs):
        yield f"{name} is {facts(ours)}, the contract says {facts(theirs)}"
    # Where the contract is silent, more words are welcome.
    if theirs.description is not None and ours.description != theirs.description:
        yield f"{name} is described as {ours.description!r}, the contract says {theirs.description!r}"


def whole(schema: GraphQLSchema) -> dict[str, GraphQLNamedType | Member]:
    """Everything in the schema that has a name, by its path."""
    types = types_of(schema)
    members = {f"{name}.{member}": its for name, type_ in types.items() for member, its in members_of(type_).items()}
    return {**types, **members}


@pytest.mark.parametrize("name", types_of(EXPORTED))
def test_an_exported_type_says_what_the_contract_says(name: str) -> None:
    ours, theirs = EXPORTED.type_map[name], CONTRACT.type_map.get(name)
    assert theirs, f"the contract has no {name}"
    assert list(differences(name, ours, theirs)) == []
    mine, given = members_of(ours), members_of(theirs)
    for member in mine.keys() & given.keys():
        assert list(differences(f"{name}.{member}", mine[member], given[member])) == []


def test_the_contract_and_the_exported_schema_have_the_same_parts() -> None:
    ours, theirs = whole(EXPORTED).keys(), whole(CONTRACT).keys()
    assert ours - theirs == set(), "the contract does not have these"
    assert theirs - ours == set(), "the exported schema does not have these"


def test_everything_is_described() -> None:
    assert [path for path, its in whole(EXPORTED).items() if not (its.description or "").strip()] == []


@pytest.mark.parametrize(
    ("path", "default"),
    [
        ("Query.topProducts(first)", "10"),
        ("Query.orders(orderBy)", "NEWEST"),
        ("AddProductInput.description", '""'),
        ("Query.orders(first)", "none"),
    ],
)
def test_a_default_is_what_it_says(path: str, default: str) -> None:
    assert facts(whole(EXPORTED)[path])["default"] == default
