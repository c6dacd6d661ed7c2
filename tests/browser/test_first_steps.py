"""From `make run` to an order: the steps that the README says, as it says them, and no other."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from stack.child import Child
from tests.browser.visitor import ROOT, Visitor
from tests.ports import free_port

STEPS = re.findall(r"^\d\. (.*)$", (ROOT / "README.md").read_text().partition("\n## Five minutes")[0], re.MULTILINE)
READY_SECONDS = 90
STOP_SECONDS = 30


@asynccontextmanager
async def running(command: list[str], directory: Path, port: int) -> AsyncIterator[str]:
    """What it says, up to where the shop is, in a directory that has what `make` needs of the repository."""
    for name, place in {"Makefile": ROOT / "Makefile", "api": ROOT / "api", ".venv": Path(sys.prefix)}.items():
        (directory / name).symlink_to(place)
    # All is installed and built: that the tests were started is proof.
    old = [f"--old-file={name}" for name in (".venv/installed-run", "api/pages/built/weights.json")]
    given = {"MONGODB_URL", "REDIS_URL", "AUTH_SECRET", "MONGODB_DATABASE", "MAKEFLAGS", "MAKELEVEL"}
    environment = {name: value for name, value in os.environ.items() if name not in given} | {"PORT": str(port)}
    child = await Child.spawn(
        ["env", "-C", str(directory), *command, *old], environment=environment, output=asyncio.subprocess.PIPE
    )
    said = ""
    try:
        async with asyncio.timeout(READY_SECONDS):
            while "/shop" not in said:
                line = (await child.output.readline()).decode()
                assert line, f"it ended: {said}"
                said += line
        yield said
    finally:
        await child.stop(STOP_SECONDS)
        child.close()


async def press(page: Page, name: str) -> None:
    """The first link or button that begins with that name."""
    beginning = re.compile("^" + re.escape(name))
    await page.get_by_role("link", name=beginning).or_(page.get_by_role("button", name=beginning)).first.click()


async def test_they_lead_to_an_order(browser: Browser, tmp_path: Path) -> None:
    port = free_port()
    [command], [address], *presses = [re.findall(r"`(.+?)`|(http\S+)|\*\*(.+?)\*\*", step) for step in STEPS]
    async with running(command[0].split(), tmp_path, port) as said:
        address = address[1].replace(":8000", f":{port}")
        assert address in said
        async with Visitor(browser, f"http://127.0.0.1:{port}") as newcomer:
            page = await newcomer.open(address)
            for [label] in presses:
                await press(page, label[2])
            await expect(page.get_by_role("heading", level=1, name="Order ")).to_be_visible()
            await expect(page.locator("[aria-current=step]")).to_contain_text("Placed")
            assert newcomer.faults == []
