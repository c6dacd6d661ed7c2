"""Shows settings: a table for people, JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from stack.configuration import Setting


def show_table(settings: Sequence[Setting]) -> None:
    """One row a setting, grouped by package."""
    table = Table("Package", "Variable", "Value", "From", "Meaning")
    previous = ""
    for setting in settings:
        if previous and setting.package != previous:
            table.add_section()
        package = "" if setting.package == previous else setting.package
        value = "(not set)" if setting.value is None else setting.value
        table.add_row(package, setting.variable, value, setting.source, setting.meaning)
        previous = setting.package
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 200
    console.print(table)


def show_json(settings: Sequence[Setting]) -> None:
    """A list of objects, one a setting."""
    print(json.dumps([asdict(setting) for setting in settings], indent=2))
