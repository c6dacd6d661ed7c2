"""One system and one browser for all tests of pages, which are skipped where something is missing."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from playwright.async_api import Browser, async_playwright, expect

from api.pages.built import BUILT
from tests.browser.visitor import AXE, CHROMIUM, PATIENCE_MS, Visitor
from tests.system import Client, System, running_system


@pytest.fixture(scope="package")
def chromium() -> str:
    """Where the browser is; who has none, or no pages, misses these tests, but CI has to have them."""
    lacks = None
    if CHROMIUM is None:
        lacks = "Chromium is missing (Debian: apt-get install chromium)"
    elif not (AXE.exists() and (BUILT / "weights.json").exists()):
        lacks = "the pages are not built: install Node 20.19 or later with npm, and `make install`"
    if lacks and os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(lacks)
    if lacks:
        pytest.skip(lacks)
    assert CHROMIUM
    return CHROMIUM


@pytest.fixture(scope="package")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        # Its sandbox is not for root, who is whom containers of CI run as.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser
        await browser.close()


@pytest.fixture(scope="package")
async def system(chromium: str, mongodb_url: str) -> AsyncIterator[System]:
    with TemporaryDirectory(prefix="orderstream-browser-") as directory:
        settings = {"GRAPHIQL": "1", "GRAPHIQL_STAFF": "1", "INTROSPECTION": "1", "SHOP": "1"}
        async with running_system(Path(directory), mongodb_url, "test_browser", **settings) as system:
            yield system


@pytest.fixture
async def staff(system: System) -> AsyncIterator[Client]:
    async with system.staff as client:
        yield client


@pytest.fixture
async def visitor(browser: Browser, system: System) -> AsyncIterator[Visitor]:
    """Someone with a browser, whose pages must not do what pages must not do."""
    async with Visitor(browser, system.url) as visitor:
        yield visitor
        assert visitor.faults == []
