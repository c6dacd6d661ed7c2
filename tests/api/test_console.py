"""The console's page: who gets it, what it may do, and whom it signs in."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from api.pages.console import console_routes
from api.settings import ApiSettings
from tests.system import SECRET


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a build leaves."""
    (tmp_path / "console").mkdir()
    (tmp_path / "console" / "index.html").write_text(
        '<!doctype html><script type="application/json" id="page-data"></script>'
    )
    return tmp_path


async def asked(folder: Path, *, host: str = "127.0.0.1", **settings: Any) -> httpx.Response:
    routes = console_routes(ApiSettings(auth_secret=SECRET, **settings), folder=folder)
    transport = httpx.ASGITransport(Starlette(routes=list(routes)), client=(host, 1234))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return await client.get("/console")


def token_in(page: httpx.Response) -> str | None:
    data = re.search('id="page-data">(.*?)</script>', page.text)
    assert data
    token: str | None = json.loads(data[1])["token"]
    return token


async def test_it_loads_and_asks_what_is_served_here_and_nothing_else(folder: Path) -> None:
    page = await asked(folder)
    policy = dict(directive.split(" ", 1) for directive in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"


async def test_it_signs_in_who_is_at_this_machine_where_the_settings_say_so(folder: Path) -> None:
    assert token_in(await asked(folder)) is None
    assert token_in(await asked(folder, graphiql_staff=True))
    assert token_in(await asked(folder, graphiql_staff=True, host="192.0.2.1")) is None


@pytest.mark.parametrize("settings", [{"console": False}, {"serve": "commands"}])
async def test_it_is_not_there_where_nobody_wants_it_or_could_answer_it(folder: Path, settings: dict[str, Any]) -> None:
    assert (await asked(folder, **settings)).status_code == 404
    assert (await asked(folder)).status_code == 200


async def test_what_was_not_built_is_said(tmp_path: Path) -> None:
    page = await asked(tmp_path)
    assert (page.status_code, page.text) == (404, "The console was not built: that needs Node 20.19 or later with npm.")
