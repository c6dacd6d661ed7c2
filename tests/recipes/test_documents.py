"""The pages for frontend developers say what is so: operations, codes; and the recipes show all of their code."""

import re

import pytest
from graphql import GraphQLEnumType, GraphQLObjectType, parse, validate

from api.errors import Code
from api.schema import schema
from tests.recipes.snippets import README, RECIPES

FRONTEND = RECIPES.parent / "frontend.md"


def operations() -> list[str]:
    in_page = re.findall(r"```graphql\n(.*?)```", FRONTEND.read_text(), re.DOTALL)
    in_recipes = re.findall(
        r"`\s*((?:query|mutation|subscription) .*?)`;", (RECIPES / "operations.js").read_text(), re.DOTALL
    )
    return [*in_page, *in_recipes]


def test_every_region_of_the_recipes_is_shown() -> None:
    for recipe in RECIPES.glob("*.js"):
        for name in re.findall(r"// #region (\S+)", recipe.read_text()):
            assert f"<!-- {recipe.name} {name} -->" in README.read_text()


@pytest.mark.parametrize("text", operations(), ids=lambda text: " ".join(text.split()[:2]))
def test_the_operations_are_valid(text: str) -> None:
    assert validate(schema._schema, parse(text)) == []


def test_the_cache_of_urql_knows_what_has_no_id() -> None:
    """Pages and their edges aside, which it knows by their names, and what only operators ask for."""
    listed = re.findall(r"'(\w+)'", (RECIPES / "urql.js").read_text().split("WITHOUT_ID = [")[1].split("]")[0])
    types = (type for type in schema._schema.type_map.values() if isinstance(type, GraphQLObjectType))
    types = (type for type in types if not _module_of(type).startswith("api.operations."))
    without = {type.name for type in types if "id" not in type.fields and not type.name.startswith("__")}
    known = {name for name in without if name.endswith(("Connection", "Edge"))}
    assert set(listed) == without - known - {"Query", "Mutation", "Subscription", "PageInfo"}


def _module_of(type: GraphQLObjectType) -> str:
    """Where it is defined; nowhere for what GraphQL itself brings."""
    definition = type.extensions.get("strawberry-definition")
    return definition.origin.__module__ if definition else ""


def test_every_code_has_its_advice() -> None:
    """One table for what the rules refuse, one for what cannot be answered."""
    tables = re.findall(r"\| code \| what to do \|\n\|---\|---\|\n((?:\|.*\n)+)", FRONTEND.read_text())
    refused, failed = ([row.split("`")[1] for row in table.splitlines()] for table in tables)
    codes = schema._schema.type_map["UserErrorCode"]
    assert isinstance(codes, GraphQLEnumType)
    assert refused == list(codes.values)
    assert sorted(failed) == sorted(code.value for code in Code)
