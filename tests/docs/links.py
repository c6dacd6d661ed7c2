"""Links of Markdown pages, and the anchors that GitHub gives their headings."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def broken(page: Path) -> Iterator[str]:
    """Relative links of the page that lead to no file, or to no heading of one; other hosts are not asked."""
    for target in _LINK.findall(_prose(page)):
        path, _, anchor = target.partition("#")
        if ":" in path:
            continue
        file = page.parent / path if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            yield target


@cache
def anchors(page: Path) -> frozenset[str]:
    """The headings in lower case, without punctuation, with hyphens for spaces; repeated ones are numbered."""
    seen: dict[str, int] = {}
    names = set()
    for heading in re.findall(r"^#+ (.*)$", _prose(page), re.MULTILINE):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w -]", "", text.lower()).strip().replace(" ", "-")
        names.add(f"{name}-{seen[name]}" if name in seen else name)
        seen[name] = seen.get(name, 0) + 1
    return frozenset(names)


def _prose(page: Path) -> str:
    return _FENCE.sub("", page.read_text())
