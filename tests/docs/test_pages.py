"""The pages that are made from the code say what the code says today. `make docs` writes them."""

import pytest

from tests.docs.pages import DOCS, PAGES


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_code_gives(name: str) -> None:
    assert (DOCS / name).read_text() == PAGES[name](), "run `make docs`"


def test_every_page_of_the_reference_is_made() -> None:
    assert {path.name for path in (DOCS / "reference").iterdir()} == {
        name.removeprefix("reference/") for name in PAGES if name.startswith("reference/")
    }
