"""The pages of docs/ that are made from the code, each with what makes it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.docs import command_line, settings

DOCS: Final = Path(__file__).parents[2] / "docs"

PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "reference/command_line.md": command_line.page,
    "reference/settings.md": settings.page,
}
