"""The console in a browser: staff see the system live, and mend it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, Locator, Page, expect
from redis.asyncio import Redis

from api.auth import issue_token
from read_model.schema.keys import Keys
from tests.browser.visitor import Visitor, accessible, picture
from tests.projector.contents import damage
from tests.recipes.network import network_to
from tests.system import SECRET, Client, System, customer_token, staff_token
from tests.telemetry.test_lag import stopped
from write_model.contracts.streams import partition_of

PARTITIONS = 8
ROW_OF = "query($id: ID!) { order(id: $id) { version status } }"


@pytest.fixture
async def order_id(staff: Client) -> str:
    placed = await staff.place_order(await staff.register_customer(), await staff.add_product())
    return str(placed["id"])


@asynccontextmanager
async def unreadable(system: System, order_id: str) -> AsyncIterator[None]:
    """The order's row cannot be read by a projector while the block runs, so its events are parked."""
    partition = partition_of(order_id, PARTITIONS)
    async with Redis.from_url(system.environment["REDIS_URL"], decode_responses=True) as redis:
        generation = int(await redis.hget(f"{{p{partition}}}:projected", "generation") or 1)
        row = Keys(partition, generation).order(order_id)
        summary = str(await redis.hget(row, "summary"))
        await damage(redis, partition, row)
        yield
        await redis.hset(row, "summary", summary)


async def send(staff: Client, name: str, **input: Any) -> None:
    """A command whose effect nobody waits for."""
    type_ = f"{name[0].upper()}{name[1:]}Input"
    query = f"mutation($input: {type_}!) {{ {name}(input: $input) {{ receipt {{ id }} userErrors {{ code }} }} }}"
    assert (await staff.data(query, input=input))[name]["receipt"]


def section(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True).filter(has=page.get_by_role("heading", level=2))


async def live(visitor: Visitor, address: str = "/console", **how: Any) -> Page:
    page = await visitor.open(address, **how)
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    await expect(section(page, "Events going by")).to_contain_text("None yet.")
    return page


async def test_a_parked_event_is_seen_and_retried(
    visitor: Visitor, system: System, staff: Client, order_id: str
) -> None:
    page = await live(visitor)
    parked = section(page, "Parked events")
    await expect(parked).to_contain_text("Nothing is parked.")
    async with unreadable(system, order_id):
        await send(staff, "confirmOrder", orderId=order_id)
        await expect(parked.get_by_role("heading", name="OrderConfirmed")).to_be_visible()
        await expect(parked.get_by_role("article")).to_contain_text(order_id)
        await parked.get_by_role("button", name="Retry").click()
        await expect(parked.get_by_role("status")).to_contain_text("stays parked")
        await accessible(page)
        await picture(page, "console-parked")
    await parked.get_by_role("button", name="Retry").click()
    await expect(parked.get_by_role("status")).to_contain_text("is parked any more. 1 event taken in.")
    await expect(parked).to_contain_text("Nothing is parked.")
    assert (await staff.data(ROW_OF, id=order_id))["order"] == {"version": 2, "status": "CONFIRMED"}


async def test_a_parked_event_is_discarded_once_that_was_said_twice(
    visitor: Visitor, system: System, staff: Client, order_id: str
) -> None:
    page = await live(visitor, f"/console#{order_id}")
    parked = section(page, "Parked events")
    async with unreadable(system, order_id):
        await send(staff, "confirmOrder", orderId=order_id)
        await send(staff, "shipOrder", orderId=order_id, carrier="DHL", trackingNumber="1")
        await expect(parked.get_by_role("article")).to_contain_text("1 later event of the same")
    # By keyboard alone.
    await parked.get_by_role("button", name="Discard").focus()
    await page.keyboard.press("Enter")
    question = page.get_by_role("dialog", name="Discard for ever?")
    await expect(question).to_be_visible()
    await accessible(page)
    await page.keyboard.press("Escape")
    await expect(question).to_be_hidden()
    await expect(parked.get_by_role("article")).to_have_count(1)
    await parked.get_by_role("button", name="Discard").press("Enter")
    await question.get_by_label("Why").fill("a test")
    await question.get_by_role("button", name="Discard for ever").press("Enter")
    await expect(parked.get_by_role("status")).to_contain_text("2 events taken in")
    await expect(parked.get_by_role("article")).to_have_count(0)
    assert (await staff.data(ROW_OF, id=order_id))["order"] == {"version": 3, "status": "SHIPPED"}
    await expect(section(page, "History of an order").get_by_role("row", name="(discarded)")).to_be_visible()


async def test_a_rebuild_is_started_and_watched_until_it_is_done(visitor: Visitor, system: System) -> None:
    page = await live(visitor)
    read_model = section(page, "Read model")
    await read_model.get_by_label("Make anew").select_option("partition 0")
    with stopped(system.processes["projector"].pid):  # so few events are made anew before anybody has looked
        await read_model.get_by_role("button", name="Rebuild").click()
        await expect(read_model.get_by_role("status")).to_have_text("Rebuilding: 0 of 1 done.")
        await expect(read_model.get_by_role("progressbar", name="rebuild of partition 0")).to_be_visible()
        await picture(page, "console-rebuild")
    await expect(read_model.get_by_role("status")).to_have_text("The rebuild is done: the new generation serves.")
    first = read_model.get_by_role("row").nth(1)
    await expect(first).to_contain_text(re.compile("done: [0-9]+ serves"))
    await expect(read_model.get_by_role("progressbar")).to_have_count(0)


async def test_an_event_that_goes_by_leads_to_the_history_of_its_order(
    visitor: Visitor, staff: Client, order_id: str
) -> None:
    page = await live(visitor)
    events, history = section(page, "Events going by"), section(page, "History of an order")
    await staff.receipt("confirmOrder", orderId=order_id)
    await events.get_by_role("link", name=order_id).click()
    await expect(history.get_by_role("row")).to_have_count(3)
    await expect(history.get_by_role("row").nth(1)).to_contain_text("OrderPlaced")
    await expect(history.get_by_role("row").nth(2)).to_contain_text("CONFIRMED")
    await expect(history).to_contain_text("Version2StatusCONFIRMED")
    # It goes on, events that were paused do not.
    await events.get_by_role("button", name="Pause").click()
    await staff.receipt("shipOrder", orderId=order_id, carrier="DHL", trackingNumber="1")
    await expect(history.get_by_role("row").nth(3)).to_contain_text("OrderShipped")
    await expect(history).to_contain_text("Version3StatusSHIPPED")
    await expect(events).to_contain_text("Paused; 1 went by since.")
    await expect(events.get_by_role("row", name="OrderShipped")).to_have_count(0)
    await events.get_by_role("button", name="Go on").click()
    await expect(events.get_by_role("row", name="OrderShipped")).to_be_visible()


async def test_an_order_is_searched_and_one_that_is_not_there_is_said(visitor: Visitor, order_id: str) -> None:
    page = await live(visitor)
    history = section(page, "History of an order")
    await history.get_by_label("Id of the order").fill(order_id)
    await history.get_by_role("button", name="Show").click()
    await expect(history.get_by_role("row", name="OrderPlaced")).to_be_visible()
    await page.goto("/console#ord_" + "0" * 28)
    await expect(history.get_by_role("alert")).to_contain_text("There is no order")


async def test_events_are_chosen_by_type(visitor: Visitor, staff: Client, order_id: str) -> None:
    page = await live(visitor)
    events = section(page, "Events going by")
    await events.get_by_label("Type").fill("OrderShipped")
    await events.get_by_role("button", name="Show these").click()
    await expect(events).to_contain_text("None yet.")
    await staff.receipt("confirmOrder", orderId=order_id)
    await staff.receipt("shipOrder", orderId=order_id, carrier="DHL", trackingNumber="1")
    await expect(events.get_by_role("row")).to_have_count(2)
    await expect(events.get_by_role("row").nth(1)).to_contain_text("OrderShipped")


async def test_a_connection_that_drops_is_said_and_comes_back_by_itself(
    browser: Browser, system: System, staff: Client, order_id: str
) -> None:
    async with network_to(system.url) as network, Visitor(browser, f"http://127.0.0.1:{network.port}") as visitor:
        page = await live(visitor, f"/console#{order_id}")
        history = section(page, "History of an order")
        await expect(history.get_by_role("row")).to_have_count(2)
        network.cut()
        await expect(page.get_by_text("Connection lost.")).to_be_visible()
        await staff.receipt("confirmOrder", orderId=order_id)
        network.mend()
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
        await expect(history.get_by_role("row", name="OrderConfirmed")).to_be_visible()
        visitor.forgive("WebSocket connection to ")
        assert visitor.faults == []


async def test_a_token_of_staff_signs_in_and_no_other(visitor: Visitor, staff: Client) -> None:
    page = await live(visitor)
    await page.get_by_role("button", name="Sign out").click()
    await accessible(page)
    token = page.get_by_label("Token of staff")
    for bad, why in (("nonsense", "UNAUTHENTICATED"), (customer_token(await staff.register_customer()), "staff")):
        await token.fill(bad)
        await token.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text(why)
    await token.fill(staff_token())
    await token.press("Enter")
    await expect(section(page, "Flow")).to_be_visible()
    assert await page.evaluate("[sessionStorage.length, localStorage.length, document.cookie]") == [1, 0, ""]


async def test_who_may_look_only_is_told_so_and_goes_on_looking(visitor: Visitor) -> None:
    page = await live(visitor)
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_label("Token of staff").fill(issue_token(SECRET, "staff", None, 3600, scopes=("queries",)))
    await page.get_by_role("button", name="Sign in").click()
    read_model = section(page, "Read model")
    await read_model.get_by_role("button", name="Rebuild").click()
    await expect(read_model.get_by_role("alert")).to_have_text("The token lacks the scope `commands`.")
    visitor.forgive("Failed to load resource: .* 403")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
async def test_everybody_can_use_it(
    visitor: Visitor, staff: Client, order_id: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    page = await live(visitor, scheme=scheme, width=width, height=850)
    customer_id, product_id = await staff.register_customer(), await staff.add_product()
    for _ in range(5):
        await staff.place_order(customer_id, product_id)
    await staff.receipt("confirmOrder", orderId=order_id)
    await expect(section(page, "Events going by").get_by_role("row", name="OrderConfirmed")).to_be_visible()
    await picture(page, f"console-{scheme}" if width > 1000 else f"console-phone-{scheme}")
    await page.get_by_role("link", name=order_id).click()
    await expect(page.get_by_text("What is shown")).to_be_visible()
    await page.get_by_text("The same in numbers").click()
    await accessible(page)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
