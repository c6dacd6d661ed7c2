"""The code in `docs/recipes/README.md`: regions of the recipes, word for word."""

import re
from pathlib import Path
from textwrap import dedent

RECIPES = Path(__file__).parents[2] / "docs" / "recipes"
README = RECIPES / "README.md"

# A mark, and the code below it, if it is there already.
_PLACE = re.compile(r"(<!-- (\S+\.js) (\S+) -->\n)(?:```js\n.*?^```\n)?", re.DOTALL | re.MULTILINE)


def region(file: str, name: str) -> str:
    """The lines between `// #region <name>` and the next `// #endregion`; LookupError where there is no such region."""
    text = (RECIPES / file).read_text()
    found = re.search(rf"^ *// #region {re.escape(name)}\n(.*?)^ *// #endregion$", text, re.DOTALL | re.MULTILINE)
    if found is None:
        raise LookupError(f"{file} has no region {name}")
    return dedent(found[1])


def filled(markdown: str) -> str:
    """The text, with the region that each `<!-- file region -->` names below it."""
    return _PLACE.sub(lambda place: f"{place[1]}```js\n{region(place[2], place[3])}```\n", markdown)
