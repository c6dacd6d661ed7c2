"""GraphiQL as strawberry brings it, from a CDN with pinned hashes, opened on operations of ours."""

import json
import re
from collections.abc import Mapping
from functools import cache

from strawberry.http.ides import get_graphql_ide_html

from api.pages.examples import EXAMPLES

_NOTE = """
    <p style="margin: 0; padding: 6px 12px; font: 13px sans-serif; background: #fff4ce; color: #3b2e00">
      This GraphiQL comes from a CDN (unpkg.com), because the one of this installation was not built:
      that needs Node 20.19 or later with npm.
    </p>
    """


def page_from_cdn(variables: Mapping[str, str], headers: Mapping[str, str]) -> str:
    """The page, its editors filled with the examples, these variables and headers."""
    before, between, after = _page()
    return before + _json(variables) + between + _json(headers) + after


@cache
def _page() -> tuple[str, str, str]:
    """The page with the examples in it, split where the variables and the headers belong."""
    page, found = re.subn(
        r"const EXAMPLE_QUERY = `.*?`;",
        lambda _: f"const EXAMPLE_QUERY = {_script(EXAMPLES)};",
        get_graphql_ide_html("graphiql"),
        count=1,
        flags=re.DOTALL,
    )
    page, is_noted = re.subn(r'(?=<div id="graphiql")', _NOTE, page)
    before, variables, rest = page.partition("parameters.variables,")
    between, headers, after = rest.partition("parameters.headers)")
    if not (found and is_noted and variables and headers):
        raise LookupError("strawberry's GraphiQL page has changed: it has no place for the examples any more")
    before = before.replace("<title>Strawberry GraphiQL</title>", "<title>Orderstream: GraphiQL</title>")
    before = before.replace("height: 100vh;", "height: calc(100vh - 28px);")
    return f"{before}parameters.variables || ", f",{between}parameters.headers || ", f"){after}"


def _json(values: Mapping[str, str]) -> str:
    return _script(json.dumps(dict(values), indent=2))


def _script(text: str) -> str:
    """The text as a literal that may stand in a script element."""
    return json.dumps(text).replace("<", "\\u003c")
