"""What the README says is so: settings, commands and operations."""

import re
from pathlib import Path

import pytest
from graphql import parse, validate
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from api.schema import schema
from stack.__main__ import app
from stack.configuration import PARTS
from write_model.commands import COMMANDS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def configuration() -> list[str]:
    """The rows of the table of settings: variable, default, which processes read it, meaning."""
    rows: dict[str, tuple[str, str, list[str]]] = {}
    for part, classes in PARTS.items():
        for kind in classes:
            for name, field in kind.model_fields.items():
                default = "" if field.default is None else field.default
                shown = (
                    "*needed*"
                    if default is PydanticUndefined
                    else f"`{','.join(default) if isinstance(default, tuple) else default}`"
                )
                secret = " (secret)" if field.annotation in (SecretStr, SecretStr | None) else ""
                row = rows.setdefault(name.upper(), (shown, (field.description or "") + secret, []))
                if part not in row[2]:
                    row[2].append(part)
    return [
        f"| `{variable}` | {default if default != '``' else ''} | {', '.join(parts)} | {meaning} |"
        for variable, (default, meaning, parts) in sorted(rows.items())
    ]


def test_the_table_of_settings_is_the_programs() -> None:
    expected = configuration()
    found = re.findall(r"^\| `[A-Z_]+` \|.*$", README, re.MULTILINE)
    assert found == expected, "the README should have:\n" + "\n".join(expected)


@pytest.mark.parametrize("text", re.findall(r"```graphql\n(.*?)```", README, re.DOTALL))
def test_the_operations_are_valid(text: str) -> None:
    assert validate(schema._schema, parse(text)) == []


def test_the_commands_exist() -> None:
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    groups = [group.typer_instance.info.name for group in app.registered_groups if group.typer_instance]
    commands |= {str(name) for name in groups}
    assert set(re.findall(r"`orderstream ([a-z]+)", README)) <= commands
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", README, re.MULTILINE)) <= targets


def test_the_mutations_named_in_the_walk_exist() -> None:
    names = {name[0].lower() + name[1:] for name in (command.__name__ for command in COMMANDS)}
    assert {"registerCustomer", "addProduct", "placeOrder", "confirmOrder", "deliverOrder"} <= names
