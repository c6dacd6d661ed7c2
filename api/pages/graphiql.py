"""GraphiQL as strawberry brings it, opened on operations of ours."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from strawberry.http.ides import get_graphql_ide_html

EXAMPLES = (Path(__file__).with_name("examples.graphql")).read_text(encoding="utf-8")

# What the examples' variables are taken from; it shows nothing to those who may not ask.
EXAMPLE_IDS = """{
  placed: orders(first: 1, filter: { status: PLACED }) { nodes { id customer { id } } }
  orders(first: 1) { nodes { id customer { id } } }
  products(first: 1, filter: { inStock: true }) { nodes { id } }
}"""


def example_variables(data: Mapping[str, Any]) -> dict[str, str]:
    """Variables for the examples, from the answer to EXAMPLE_IDS; fewer where there is less."""
    placed, orders, products = (data.get(field, {}).get("nodes", []) for field in ("placed", "orders", "products"))
    orders = placed or orders
    variables: dict[str, str] = {}
    if orders:
        variables |= {"orderId": orders[0]["id"], "customerId": orders[0]["customer"]["id"]}
    if products:
        variables |= {"productId": products[0]["id"]}
    return variables


def graphiql_page(variables: Mapping[str, str], token: str | None = None) -> str:
    """The page, its editors filled with the examples, the variables, and the headers of who has this token."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
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
    before, variables, rest = page.partition("parameters.variables,")
    between, headers, after = rest.partition("parameters.headers)")
    if not (found and variables and headers):
        raise LookupError("strawberry's GraphiQL page has changed: it has no place for the examples any more")
    before = before.replace("<title>Strawberry GraphiQL</title>", "<title>Orderstream</title>")
    return f"{before}parameters.variables || ", f",{between}parameters.headers || ", f"){after}"


def _json(values: Mapping[str, str]) -> str:
    return _script(json.dumps(dict(values), indent=2))


def _script(text: str) -> str:
    """The text as a literal that may stand in a script element."""
    return json.dumps(text).replace("<", "\\u003c")
