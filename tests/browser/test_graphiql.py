"""GraphiQL in a browser: its examples run, a subscription shows what happens, and all of it comes from here."""

import json
from typing import Any, Literal

import pytest
from playwright.async_api import Locator, Page, expect

from api.pages.built import BUILT
from tests.browser.visitor import Visitor, accessible, picture
from tests.stack.patience import until
from tests.system import Client


@pytest.fixture
async def order(staff: Client) -> dict[str, Any]:
    """One that is placed: the examples are about the newest."""
    return await staff.place_order(await staff.register_customer(), await staff.add_product())


def answer_in(page: Page) -> Locator:
    return page.get_by_role("region", name="Result Window")


def run_button(page: Page) -> Locator:
    return page.get_by_role("button", name="Execute query")


async def graphiql(visitor: Visitor, scheme: Literal["light", "dark"] = "light") -> Page:
    """The page, once it has the schema and knows by that which operations its first tab has."""
    page = await visitor.open("/graphql", scheme=scheme)
    await expect(run_button(page)).to_have_attribute("aria-haspopup", "menu")
    return page


async def place_order(page: Page) -> None:
    """Run the example that the page opens with."""
    await run_button(page).click()
    await page.get_by_role("menuitem", name="PlaceOrder").click()
    await expect(answer_in(page)).to_contain_text('"projected": true')


async def test_an_example_runs_as_it_stands(visitor: Visitor, staff: Client, order: dict[str, Any]) -> None:
    page = await graphiql(visitor)
    await place_order(page)
    newest = await staff.data("{ orders(first: 1) { nodes { id } } }")
    await expect(answer_in(page)).to_contain_text(newest["orders"]["nodes"][0]["id"])
    assert newest["orders"]["nodes"][0]["id"] != order["id"]


async def test_a_subscription_shows_a_change_as_it_happens(
    visitor: Visitor, staff: Client, order: dict[str, Any]
) -> None:
    page = await graphiql(visitor)
    await page.get_by_role("button", name="FollowOrder", exact=True).click()
    await expect(run_button(page)).not_to_have_attribute("aria-haspopup", "menu")  # of the other tab
    await run_button(page).click()
    await expect(answer_in(page)).to_contain_text('"status": "PLACED"')
    await staff.receipt("confirmOrder", orderId=order["id"])
    await expect(answer_in(page)).to_contain_text('"status": "CONFIRMED"')
    await picture(page, "graphiql-subscription")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everybody_can_use_it(visitor: Visitor, order: dict[str, Any], scheme: Literal["light", "dark"]) -> None:
    page = await graphiql(visitor, scheme)
    await place_order(page)
    await accessible(page)
    await picture(page, f"graphiql-{scheme}")


async def test_what_it_loads_at_first_is_what_its_budget_counts(visitor: Visitor, order: dict[str, Any]) -> None:
    counted = json.loads((BUILT / "weights.json").read_text())["graphiql"]
    files: dict[str, int] = counted["files"]
    await place_order(await graphiql(visitor))

    def loaded() -> set[str]:
        return {path.removeprefix("/") for path in visitor.requested if path.startswith("/assets/")}

    def is_all() -> bool:  # its editor asks for what it works with when it has time
        return sum(files.get(name, 0) for name in loaded()) > 0.95 * int(counted["bytes"])

    await until(is_all, "the last of its files")
    assert loaded() < files.keys()
