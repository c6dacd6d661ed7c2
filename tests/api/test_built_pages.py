"""Pages that were built: what is written into them, what they may do, and how the files that they load are served."""

import gzip
import json
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from api.pages.built import asset_routes, built_page
from api.pages.graphiql import graphiql

HOSTILE = "</script><script>alert(1)</script>"
SCRIPT = b"console.log('a script')"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a build leaves."""
    for name in ("graphiql", "assets"):
        (tmp_path / name).mkdir()
    (tmp_path / "graphiql" / "index.html").write_text(
        '<!doctype html><script type="application/json" id="page-data"></script>'
        '<script type="module" src="/assets/page-1.js"></script>'
    )
    (tmp_path / "assets" / "page-1.js").write_bytes(SCRIPT)
    (tmp_path / "assets" / "page-1.js.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path / "assets" / "page-1.js.br").write_bytes(b"brotli")
    return tmp_path


def client_of(folder: Path) -> httpx.AsyncClient:
    app = Starlette(routes=asset_routes(folder))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here")


def data_in(page: bytes | memoryview) -> object:
    text = bytes(page).decode()
    assert text.count("</script>") == 2
    return json.loads(text.partition('id="page-data">')[2].partition("</script>")[0])


def test_a_page_has_its_data_where_nothing_can_end_them(folder: Path) -> None:
    page = built_page("graphiql", {"text": HOSTILE}, folder=folder)
    assert page
    assert data_in(page.body) == {"text": HOSTILE}
    assert "cache-control" not in page.headers  # api.headers says no-store


def test_graphiql_is_told_the_examples_and_who_is_signed_in(folder: Path) -> None:
    data = data_in(graphiql({"orderId": "ord_1"}, "a token", folder=folder).body)
    assert isinstance(data, dict)
    assert data["headers"] == {"Authorization": "Bearer a token"}
    assert {"orderId": "ord_1"} in [tab["variables"] for tab in data["examples"]]


@pytest.mark.parametrize(("makes_styles", "styles"), [(False, "'self'"), (True, "'self' 'unsafe-inline'")])
def test_a_page_may_run_what_comes_from_its_own_origin(folder: Path, makes_styles: bool, styles: str) -> None:
    page = built_page("graphiql", makes_styles=makes_styles, folder=folder)
    assert page
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert policy.pop("style-src") == styles
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["worker-src"] == policy["connect-src"] == "'self'"
    assert page.headers["cache-control"] == "no-cache"


def test_without_a_build_graphiql_comes_from_a_cdn_and_says_so(tmp_path: Path) -> None:
    assert built_page("graphiql", folder=tmp_path) is None
    page = graphiql({}, None, folder=tmp_path)
    assert b"This GraphiQL comes from a CDN" in page.body
    assert "https://unpkg.com/" in page.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("accepted", "coding", "body"),
    [
        ("gzip, deflate, br", "br", b"brotli"),
        ("gzip", "gzip", SCRIPT),
        ("br;q=0, gzip", "gzip", SCRIPT),
        ("identity", None, SCRIPT),
    ],
)
async def test_files_are_sent_as_they_were_compressed(
    folder: Path, accepted: str, coding: str | None, body: bytes
) -> None:
    async with client_of(folder) as client:
        async with client.stream("GET", "/assets/page-1.js", headers={"accept-encoding": accepted}) as response:
            raw = b"".join([chunk async for chunk in response.aiter_raw()])
        assert response.headers.get("content-encoding") == coding
        assert (gzip.decompress(raw) if coding == "gzip" else raw) == body
        assert response.headers["content-type"].startswith("text/javascript")
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert response.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", ["/assets/page-2.js", "/assets/../graphiql/index.html", "/assets/%2e%2e/weights.json"])
async def test_nothing_else_is_served(folder: Path, path: str) -> None:
    (folder / "weights.json").write_text("{}")
    async with client_of(folder) as client:
        for accepted in ("br", "identity"):
            assert (await client.get(path, headers={"accept-encoding": accepted})).status_code == 404


async def test_without_a_build_there_are_no_files(tmp_path: Path) -> None:
    async with client_of(tmp_path) as client:
        assert (await client.get("/assets/page-1.js")).status_code == 404
