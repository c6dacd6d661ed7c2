"""The operations that the README shows are the schema's."""

import re
from pathlib import Path

import pytest
from graphql import parse, validate

from api.schema import schema
from write_model.commands import COMMANDS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("text", re.findall(r"```graphql\n(.*?)```", README, re.DOTALL))
def test_the_operations_are_valid(text: str) -> None:
    assert validate(schema._schema, parse(text)) == []


def test_the_mutations_named_in_the_walk_exist() -> None:
    names = {name[0].lower() + name[1:] for name in (command.__name__ for command in COMMANDS)}
    assert {"registerCustomer", "addProduct", "placeOrder", "confirmOrder", "deliverOrder"} <= names
