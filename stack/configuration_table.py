"""Shows settings: a table for people, JSON for programs."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from stack.configuration import Setting
from stack.console import show_json, show_table


def show(settings: Sequence[Setting], *, as_json: bool) -> None:
    """One row or object a setting."""
    if as_json:
        show_json([asdict(setting) for setting in settings])
    else:
        show_table(("Package", "Variable", "Value", "From", "Meaning"), _rows(settings))


def _rows(settings: Sequence[Setting]) -> Iterator[Sequence[str] | None]:
    """Grouped by package."""
    previous = ""
    for setting in settings:
        if previous and setting.package != previous:
            yield None
        package = "" if setting.package == previous else setting.package
        value = "(not set)" if setting.value is None else setting.value
        yield package, setting.variable, value, setting.source, setting.meaning
        previous = setting.package
