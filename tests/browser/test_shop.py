"""The shop in a browser: from signing in to an order that is followed, whatever the network does."""

import re
from collections.abc import AsyncIterator
from typing import Literal

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.visitor import Visitor, accessible, picture
from tests.recipes.network import Network, network_to
from tests.system import Client, System

OFFLINE = "WebSocket connection to "
"""What a browser itself says on the console when it cannot connect."""

ADDRESS = {"Street and number": "12 St James's Square", "Postal code": "SW1Y 4JH", "Town": "London", "Country": "GB"}


@pytest.fixture
async def network(system: System) -> AsyncIterator[Network]:
    async with network_to(system.url) as network:
        yield network


@pytest.fixture
async def shopper(browser: Browser, network: Network) -> AsyncIterator[Visitor]:
    """Someone whose network can be cut."""
    async with Visitor(browser, f"http://127.0.0.1:{network.port}") as shopper:
        yield shopper
        shopper.forgive(OFFLINE)
        assert shopper.faults == []


@pytest.fixture
async def product(staff: Client) -> str:
    """The name of something to buy."""
    id = await staff.add_product(stock=3)
    return str((await staff.data("query($id: ID!) { product(id: $id) { name } }", id=id))["product"]["name"])


async def sign_in(page: Page, name: str) -> None:
    """As somebody new."""
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("E-mail").fill(f"{name}@example.com")
    await press(page, "Register and sign in")
    await expect(page.get_by_text(f"Hello, {name}.")).to_be_visible()


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name).click()


async def go(page: Page, name: str) -> None:
    """To a view, by its link."""
    await page.get_by_role("navigation").get_by_role("link", name=name).click()
    await expect(page.get_by_role("heading", level=1, name=name)).to_be_focused()


async def put_into_basket(page: Page, product: str) -> None:
    await page.get_by_label("Search").fill(product)
    await expect(page.get_by_text("1 product", exact=True)).to_be_visible()
    await press(page, "Add to basket")
    await expect(page.get_by_role("status").filter(has_text=f"{product} is in the basket.")).to_be_visible()


async def fill_address(page: Page) -> None:
    for label, text in ADDRESS.items():
        await page.get_by_label(label).fill(text)


async def check_out(page: Page) -> str:
    """Buy what is in the basket, which is open; the order's short number."""
    await fill_address(page)
    await press(page, "Place the order")
    heading = page.get_by_role("heading", level=1, name="Order ")
    await expect(heading).to_be_visible()
    return (await heading.inner_text()).removeprefix("Order ")


async def test_an_order_is_followed_in_another_tab_while_the_network_comes_and_goes(
    shopper: Visitor, visitor: Visitor, network: Network, system: System, product: str
) -> None:
    page = await shopper.open("/shop")
    await sign_in(page, system.unique("shopper"))
    await put_into_basket(page, product)
    await go(page, "Basket")
    number = await check_out(page)

    other = await page.context.new_page()
    await other.goto(page.url)
    await expect(other.get_by_text("Live", exact=True)).to_be_visible()
    now = other.locator("[aria-current=step]")
    await expect(now).to_contain_text("Placed")

    network.cut()
    await expect(other.get_by_text("The connection is lost")).to_be_visible()
    clerk = await visitor.open("/shop")
    await sign_in(clerk, system.unique("clerk"))
    await go(clerk, "Back office")
    card = clerk.get_by_role("listitem", name=f"Order {number}")
    await card.get_by_role("button", name="Confirm").click()
    await expect(card.get_by_role("button", name="Ship")).to_be_visible()
    await expect(now).to_contain_text("Placed")
    network.mend()
    await expect(now).to_contain_text("Confirmed")
    await expect(other.get_by_text("Live", exact=True)).to_be_visible()

    await card.get_by_role("button", name="Ship").click()
    await expect(card.get_by_label("Tracking number")).to_be_focused()
    await expect(card.get_by_label("Tracking number")).to_have_attribute("aria-invalid", "true")
    await card.get_by_label("Tracking number").fill("JD014600001")
    await card.get_by_role("button", name="Ship").click()
    await expect(other.get_by_role("status").filter(has_text="The order is shipped.")).to_be_visible()
    await expect(now).to_contain_text("Shipped")
    await expect(other.get_by_text("With DHL, number JD014600001.")).to_be_visible()
    await picture(other, "shop-order")

    await go(other, "My orders")
    row = other.get_by_role("listitem").filter(has_text=f"Order {number}")
    await expect(row).to_contain_text("Shipped")
    await card.get_by_role("button", name="It has arrived").click()
    await expect(row).to_contain_text("Delivered")


async def test_what_the_rules_refuse_is_said_where_it_belongs(visitor: Visitor, system: System, product: str) -> None:
    page = await visitor.open("/shop")
    name = system.unique("shopper")
    await sign_in(page, name)
    await put_into_basket(page, product)
    await go(page, "Basket")
    await page.get_by_label("Country").fill("Britain")
    await press(page, "Place the order")
    await expect(page.get_by_label("Street and number")).to_be_focused()  # the first of them
    for label in ("Street and number", "Postal code", "Town", "Country"):
        await expect(page.get_by_label(label)).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_label("Name")).to_have_attribute("aria-invalid", "false")
    await accessible(page)
    await check_out(page)

    await press(page, "Sign out")
    await page.get_by_label("Name").fill("Another")
    await page.get_by_label("E-mail").fill(f"{name}@example.com")
    await press(page, "Register and sign in")
    await expect(page.get_by_label("E-mail")).to_be_focused()
    await expect(page.get_by_text("Another customer is registered with")).to_be_visible()


async def test_a_basket_is_the_same_in_every_tab_and_takes_no_more_than_there_is(
    visitor: Visitor, system: System, staff: Client, product: str
) -> None:
    page = await visitor.open("/shop")
    await sign_in(page, system.unique("shopper"))
    await put_into_basket(page, product)
    other = await page.context.new_page()
    await other.goto(page.url.partition("#")[0] + "#/basket")
    for units in (2, 3, 4):
        await press(other, f"One {product} more")
        await expect(other.get_by_text(f"{units} units", exact=True)).to_be_attached()
    await page.bring_to_front()
    await page.evaluate("dispatchEvent(new Event('focus'))")  # a headless window never loses it
    await expect(page.get_by_role("link", name="Basket 4")).to_be_visible()

    await go(page, "Basket")
    await fill_address(page)
    await press(page, "Place the order")
    await expect(page.get_by_role("alert")).to_contain_text(f"{product} has 3 units left")
    await press(page, f"One {product} less")
    await expect(page.get_by_text("3 units", exact=True)).to_be_attached()
    await check_out(page)
    await other.evaluate("dispatchEvent(new Event('focus'))")
    await expect(other.get_by_text("There is nothing in it yet.")).to_be_visible()


async def test_products_are_shown_page_by_page(visitor: Visitor, system: System, staff: Client) -> None:
    for _ in range(13):
        await staff.add_product()
    page = await visitor.open("/shop")
    await sign_in(page, system.unique("shopper"))
    products = page.get_by_role("listitem").filter(has=page.get_by_role("button", name="Add to basket"))
    await expect(products).to_have_count(12)
    await page.get_by_label("Order").select_option("By name")
    await expect(products).to_have_count(12)
    before = await products.all_inner_texts()
    await press(page, "Show more")
    await expect(products.nth(12)).to_be_visible()
    after = await products.all_inner_texts()
    assert after[:12] == before
    assert len(set(after)) == len(after)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
async def test_everybody_can_use_it(
    visitor: Visitor, system: System, product: str, scheme: Literal["light", "dark"], width: int
) -> None:
    page = await visitor.open("/shop", scheme=scheme, width=width, height=844)

    async def look(name: str) -> None:
        await accessible(page)
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{name} is wider than the window"

    await expect(page.get_by_label("E-mail")).to_be_visible()
    await look("sign-in")
    await sign_in(page, system.unique("shopper"))
    await put_into_basket(page, product)
    await look("catalogue")
    await go(page, "Basket")
    await look("basket")
    await check_out(page)
    await look("placed")
    await go(page, "My orders")
    await expect(page.get_by_role("link", name=re.compile("^Order "))).to_be_visible()
    await look("orders")
    await go(page, "Back office")
    await expect(page.get_by_role("button", name="Confirm").first).to_be_visible()
    await look("back-office")


async def test_it_can_be_used_by_keyboard(visitor: Visitor, system: System, product: str) -> None:
    page = await visitor.open("/shop")
    await sign_in(page, system.unique("shopper"))
    await page.reload()
    await expect(page.get_by_role("heading", level=1, name="Catalogue")).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await expect(page.get_by_label("Search")).to_be_focused()
    await page.keyboard.type(product)
    await expect(page.get_by_text("1 product", exact=True)).to_be_visible()
    for _ in range(3):
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("link", name="Basket 1")).to_be_visible()
