"""What every command says and how: lines, tables and JSON on stdout, complaints and progress on stderr.

Colours where there is a terminal, unless NO_COLOR is set.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Final, NoReturn

from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDTH = len("projector")
_STYLES = {"api": "cyan", "relay": "magenta", "projector": "green", "expiry": "blue", "worker": "bright_blue"}
_SERVER_STYLE = "yellow"
_WIDE: Final = 200
"""Characters of a table where there is no terminal that has a width."""


class _Console(Console):
    def on_broken_pipe(self) -> NoReturn:
        """An error like any other: rich would end the process."""
        raise BrokenPipeError


console = _Console(highlight=False, markup=False, soft_wrap=True)
errors = _Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def say(text: str | Text) -> None:
    """A line of our own, which may be lost: a terminal that was closed is no reason to stop before all is drained."""
    with suppress(OSError):
        console.print(text)


def say_for(part: str, line: str) -> None:
    """A line of a part of `orderstream dev`, behind its name; it may be lost as well."""
    say(Text.assemble((f"{part:<{_WIDTH}} | ", _STYLES.get(part, _SERVER_STYLE)), Text.from_ansi(line)))


def complain(text: str) -> None:
    """One line on stderr, whatever is in the text."""
    with suppress(OSError):
        errors.print(Text.assemble(("orderstream:", "bold red"), " ", " ".join(text.split())))


def show(text: str | Text, *, one_line: bool = False) -> None:
    """What was asked for, as text. `one_line`: not more of it than a terminal has room for."""
    if one_line and console.is_terminal:
        console.print(text, soft_wrap=False, no_wrap=True, overflow="ellipsis")
    else:
        console.print(text)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str | Text] | None]) -> None:
    """What was asked for, as a table; None draws a line between rows."""
    table = Table(*columns)
    for row in rows:
        if row is None:
            table.add_section()
        else:
            table.add_row(*row)
    if not console.is_terminal:
        console.width = _WIDE
    console.print(table, soft_wrap=False)


def show_json(value: Any, *, one_line: bool = False) -> None:
    """What was asked for, as JSON; `one_line` where more of them follow."""
    sys.stdout.write(json.dumps(value, indent=None if one_line else 2) + "\n")
