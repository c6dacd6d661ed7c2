"""The pages of docs/ that are made from the code, each with what makes it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.docs import settings

DOCS: Final = Path(__file__).parents[2] / "docs"

PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "reference/settings.md": settings.page,
}
