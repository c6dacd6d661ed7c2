"""The operations that GraphiQL opens with, a tab for each file of `examples/`, and where their variables come from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

TABS: Final = tuple(
    file.read_text(encoding="utf-8") for file in sorted(Path(__file__).with_name("examples").glob("*.graphql"))
)
EXAMPLES: Final = "\n".join(TABS)
"""All of them, as one document."""

# It shows nothing to those who may not ask.
EXAMPLE_IDS: Final = """{
  placed: orders(first: 1, filter: { status: PLACED }) { nodes { id customer { id } } }
  orders(first: 1) { nodes { id customer { id } } }
  products(first: 1, filter: { inStock: true }) { nodes { id } }
  projection { position }
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
    if "projection" in data:
        variables |= dict.fromkeys(("token", "cursor"), data["projection"]["position"])
    return variables


def tabs_with(variables: Mapping[str, str]) -> list[dict[str, Any]]:
    """The tabs, each with those of the variables that it uses."""
    return [
        {"query": text, "variables": {name: value for name, value in variables.items() if f"${name}:" in text}}
        for text in TABS
    ]
