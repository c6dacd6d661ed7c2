"""The page of the command line, made from the program's own help."""

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import typer.main

from stack.__main__ import app
from stack.exit_codes import MEANINGS

TEXT = """\
# The command line

`orderstream COMMAND --help` says more of each. What was asked for goes to stdout, as tables and text for people or with
`--json` for programs; complaints and progress go to stderr. There are colours and bars where there is a terminal, and
no colours with `NO_COLOR=1`. Servers are named by [environment variables](settings.md); in the directory of a running
`orderstream dev`, its servers are found.

`orderstream --install-completion` teaches bash, zsh or fish to complete commands, options and names of events;
`orderstream` has to be on the `PATH`.

| command | what it does | options |
|---|---|---|
"""
CODES = """
| exit code | meaning |
|---|---|
"""


def page() -> str:
    """Markdown: a row for each command, and one for each exit code."""
    rows = (f"| `{name}` | {what} | {options} |\n" for name, what, options in _commands())
    codes = (f"| {int(code)} | {meaning} |\n" for code, meaning in MEANINGS.items())
    return TEXT + "".join(rows) + CODES + "".join(codes)


def _commands() -> Iterator[tuple[str, str, str]]:
    command: Any = typer.main.get_command(app)
    for name, one in command.commands.items():
        for inner, its in getattr(one, "commands", {"": one}).items():
            arguments = [_placeholder(p) for p in its.params if p.param_type_name == "argument"]
            options = [f"`{_option(p)}`" for p in its.params if p.param_type_name == "option"]
            words = [name, *([inner] if inner else []), *arguments]
            what = " ".join(its.help.split("\n\n")[0].split())
            yield " ".join(["orderstream", *words]), what, ", ".join(options)


def _option(option: Any) -> str:
    if option.is_flag:
        return "/".join(option.opts + option.secondary_opts)
    return f"{option.opts[0]} {_placeholder(option)}"


def _placeholder(parameter: Any) -> str:
    """What stands for its value; a bar would end the cell."""
    annotation = parameter.type_descriptor.annotation
    choices = get_args(annotation) if get_origin(annotation) is Literal else ()
    text = "|".join(choices) if choices else parameter.metavar or parameter.name.upper()
    text = text if parameter.required or parameter.param_type_name == "option" else f"[{text}]"
    return str(text).replace("|", "\\|")
