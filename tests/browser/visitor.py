"""Someone with a browser: every page that they open is watched for what no page of ours may do."""

import os
import re
import shutil
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, Page, Request

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ROOT: Final = Path(__file__).parents[2]
PICTURES: Final = ROOT / "docs" / "pages"
AXE: Final = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE_MS: Final = 60_000
"""Longer than a busy machine takes for whatever a page does."""
TOO_BAD: Final = ("serious", "critical")


class Visitor:
    """Opens pages of the system at `url`, each in a browser of its own: no cookies, no storage, nothing cached."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url
        self._contexts = AsyncExitStack()
        self.requested: list[str] = []
        """Paths of what was asked for, in their order."""
        self.faults: list[str] = []
        """What went wrong: errors on the console (violations of the page's policy among them), requests to others."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._contexts.aclose()

    async def open(
        self, path: str, *, scheme: Literal["dark", "light"] = "light", width: int = 1280, height: int = 800
    ) -> Page:
        """The page at this path, once it has loaded; `width` and `height` in pixels."""
        context = await self._browser.new_context(
            base_url=self._url, color_scheme=scheme, viewport={"width": width, "height": height}
        )
        await self._contexts.enter_async_context(context)
        context.set_default_timeout(PATIENCE_MS)
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.faults.append(f"uncaught: {error.error}"))
        context.on("request", self._see)
        page = await context.new_page()
        page.on("websocket", lambda socket: self._see_address(socket.url))
        await page.goto(path)
        return page

    def forgive(self, pattern: str) -> None:
        """Forget the faults that a test has made itself: those in which the pattern is found."""
        self.faults = [fault for fault in self.faults if not re.search(pattern, fault)]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.append(f"console: {message.text}")

    def _see(self, request: Request) -> None:
        self._see_address(request.url)

    def _see_address(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme in ("data", "blob"):
            return
        if parts.netloc != urlsplit(self._url).netloc:
            self.faults.append(f"request to {address}")
        self.requested.append(parts.path)


async def accessible(page: Page) -> None:
    """AssertionError unless axe finds nothing serious or critical in the page as it stands."""
    # Through the debugger, which the page's policy does not concern.
    await page.evaluate(f"{AXE.read_text()}; undefined")
    found: dict[str, Any] = await page.evaluate("axe.run({ resultTypes: ['violations'] })")
    bad = [
        f"{violation['impact']}: {violation['help']}\n  {node['html'][:200]}\n  {node['failureSummary']}"
        for violation in found["violations"]
        if violation["impact"] in TOO_BAD
        for node in violation["nodes"]
    ]
    assert not bad, "\n".join(bad)


async def picture(page: Page, name: str) -> None:
    """The page as it stands, as `docs/pages/<name>.png`; only where PICTURES is set, so that tests change no files."""
    if os.environ.get("PICTURES"):
        PICTURES.mkdir(exist_ok=True)
        await page.screenshot(path=PICTURES / f"{name}.png", animations="disabled", caret="hide")
