"""Links lead somewhere: to files of this repository and to headings in them. Other hosts are not asked."""

from pathlib import Path

import pytest

from tests.docs.links import broken

ROOT = Path(__file__).parents[2]
TEXTS = sorted(
    [*ROOT.glob("*.md"), *(path for path in (ROOT / "docs").rglob("*.md") if "node_modules" not in path.parts)]
)


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    assert list(broken(page)) == []


def test_a_link_to_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text(
        "# A [linked](x) heading, twice\n```\n# no heading\n```\n# A linked heading, twice\n"
    )
    page = tmp_path / "page.md"
    page.write_text(
        "[here](#top) [file](other.md) [heading](other.md#a-linked-heading-twice-1) [host](https://example.com)\n"
        "[none](none.md) [no heading](other.md#no-heading)\n# Top\n`[code](#top)`\n"
    )
    assert list(broken(page)) == ["none.md", "other.md#no-heading"]
