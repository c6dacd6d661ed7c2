"""What a page for browsers weighs, and how long it takes to show something to who was never there."""

import asyncio
import json
import os
from dataclasses import dataclass
from typing import Any, Final

from playwright.async_api import Browser, async_playwright

from api.pages.built import BUILT
from tests.bench.cases import PAGES
from tests.bench.rounds import Spread
from tests.bench.stage import Stage
from tests.browser.visitor import CHROMIUM, PATIENCE_MS

WEIGHTS: Final = BUILT / "weights.json"
NOTE: Final = (
    "Chromium without a window, each time with nothing cached, from this machine itself: a network adds to it. "
    "The bytes are of all that the page loads at first, compressed, and its budget (`web/budgets.json`) is "
    "what the build enforces."
)
_PATHS: Final = {"graphiql": "/graphql"}
# Paint Timing (W3C); buffered: it may have been before anybody asked.
_FIRST_PAINT: Final = """new Promise((found) => new PerformanceObserver((list) => {
    for (const entry of list.getEntriesByName("first-contentful-paint")) found(entry.startTime);
}).observe({ type: "paint", buffered: true }))"""


@dataclass(frozen=True)
class Opened:
    """A page: its bytes, and the milliseconds from asking for it to the first text or picture on it."""

    page: str
    bytes: int
    budget: int
    first_paint: Spread


def why_not() -> str | None:
    """Why no page can be opened here; None where it can."""
    if CHROMIUM is None:
        return "Chromium is missing"
    return None if WEIGHTS.exists() else "the pages are not built: `make install` with Node and npm"


async def measure(staged: Stage, rounds: int) -> list[Opened]:
    """Every page once, then every page again."""
    staged.pin(None)
    weights: dict[str, dict[str, Any]] = json.loads(WEIGHTS.read_text())
    paints: dict[str, list[float]] = {page: [] for page in weights}
    async with async_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        for _ in range(rounds):
            for page in weights:
                url = staged.url(PAGES).removesuffix("/graphql") + _PATHS.get(page, f"/{page}")
                paints[page].append(await _first_paint(browser, url))
        await browser.close()
    return [Opened(page, its["bytes"], its["budget"], Spread.of(paints[page])) for page, its in weights.items()]


async def _first_paint(browser: Browser, url: str) -> float:
    context = await browser.new_context()
    try:
        page = await context.new_page()
        await page.goto(url)
        async with asyncio.timeout(PATIENCE_MS / 1000):
            return float(await page.evaluate(_FIRST_PAINT))
    finally:
        await context.close()
