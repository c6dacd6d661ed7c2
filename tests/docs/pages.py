"""The pages of docs/ that are made from the code, each with what makes it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from stack import published
from tests.docs import capacity, command_line, errors, metrics, settings, tutorial
from tests.recipes import snippets

DOCS: Final = Path(__file__).parents[2] / "docs"

PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "schema.graphql": lambda: published.graphql() + "\n",
    "events.asyncapi.json": lambda: published.streams() + "\n",
    "reference/settings.md": settings.page,
    "reference/command_line.md": command_line.page,
    "reference/errors.md": errors.page,
    "reference/metrics.md": metrics.page,
    "operations/capacity.md": capacity.page,
    "recipes/README.md": lambda: snippets.filled(snippets.README.read_text()),
    "tutorial/README.md": tutorial.page,
}
