"""The tests of pages notice what no page may do: each of it is done here, and seen."""

import pytest
from playwright.async_api import expect

from tests.browser.visitor import Visitor, accessible

INLINE = "document.head.appendChild(document.createElement('script')).textContent = 'window.hacked = true'"


@pytest.mark.parametrize(
    ("misdeed", "fault"),
    [
        ("console.error('went wrong')", "console: went wrong"),
        ("setTimeout(() => { throw new Error('uncaught thing') })", "uncaught: uncaught thing"),
        ("fetch('http://127.0.0.2:9/').catch(() => {})", "Content Security Policy"),
        (INLINE, "Content Security Policy"),
        ("fetch('/nowhere')", "404"),
    ],
)
async def test_a_misdeed_is_noticed(visitor: Visitor, misdeed: str, fault: str) -> None:
    page = await visitor.open("/healthz" if "hacked" in misdeed else "/graphql")
    assert visitor.faults == []
    async with page.expect_event("console" if "uncaught" not in misdeed else "pageerror"):
        await page.evaluate(f"{{ {misdeed}; }}")
    assert any(fault in noticed for noticed in visitor.faults), visitor.faults
    assert not await page.evaluate("window.hacked")
    visitor.forgive("")


async def test_a_request_to_another_host_is_noticed(visitor: Visitor) -> None:
    page = await visitor.open("/healthz")
    await page.goto("data:text/html,<title>elsewhere</title><img src='http://127.0.0.2:9/'>")
    assert "request to http://127.0.0.2:9/" in visitor.faults
    visitor.forgive("")


async def test_what_not_everybody_can_use_is_noticed(visitor: Visitor) -> None:
    page = await visitor.open("/healthz")
    await page.set_content("<html lang='en'><title>A page</title><main><h1>Here</h1></main></html>")
    await accessible(page)
    await page.set_content("<html lang='en'><title>A page</title><main><h1>Here</h1><img src=''></main></html>")
    await expect(page.locator("img")).to_have_count(1)
    with pytest.raises(AssertionError, match="critical"):
        await accessible(page)
    visitor.forgive("")
