"""The example shop's page and tokens: for browsers at this machine, and only where it is asked for."""

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from api.auth import Authenticator
from api.pages.shop import shop_routes
from api.settings import ApiSettings
from tests.system import SECRET

CUSTOMER = "cus_01m7xv4cqmeddsym15z0mansy8k8"


def settings(**given: object) -> ApiSettings:
    return ApiSettings.model_validate({"auth_secret": SECRET, "shop": True, **given})


SHOP = settings()


def browser(
    folder: Path, *, settings: ApiSettings = SHOP, host: str = "127.0.0.1:8000", address: str = "127.0.0.1"
) -> httpx.AsyncClient:
    """One at this address that was sent to this host."""
    app = Starlette(routes=shop_routes(settings, folder))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(address, 50_000)), base_url=f"http://{host}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a build leaves."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "index.html").write_text("<!doctype html><title>The example shop</title>")
    return tmp_path


async def test_the_page_runs_and_loads_what_comes_from_here_and_nothing_written_into_it(folder: Path) -> None:
    async with browser(folder) as here:
        page = await here.get("/shop")
    assert "The example shop" in page.text
    assert "script-src 'self'; worker-src 'self'; style-src 'self';" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]


async def test_a_shopper_gets_the_token_of_a_customer_and_the_back_office_one_of_staff(folder: Path) -> None:
    read = Authenticator(SHOP).caller
    for host in ("localhost:8000", "127.0.0.1:8000", "[::1]:8000"):
        async with browser(folder, host=host) as here:
            customer, staff = [(await here.post(f"/shop/tokens/{who}")).json()["token"] for who in (CUSTOMER, "staff")]
        shopper = read(f"Bearer {customer}")
        assert (shopper.role, shopper.customer_id) == ("customer", CUSTOMER)
        assert read(f"Bearer {staff}").role == "staff"


async def test_whoever_is_elsewhere_or_may_be_gets_none(folder: Path) -> None:
    for elsewhere in (browser(folder, address="203.0.113.7"), browser(folder, host="attacker.example")):
        async with elsewhere:
            assert (await elsewhere.post("/shop/tokens/staff")).status_code == 403
    async with browser(folder) as proxy:
        for name in ("forwarded", "x-forwarded-for", "x-forwarded-host"):
            forwarded = await proxy.post("/shop/tokens/staff", headers={name: "203.0.113.7"})
            assert forwarded.status_code == 403


async def test_a_server_without_a_secret_signs_nobody_in(folder: Path) -> None:
    published = settings(auth_secret=None, auth_jwks_url="https://id.example/keys")
    async with browser(folder, settings=published) as here:
        assert (await here.post("/shop/tokens/staff")).status_code == 403


async def test_nobody_else_than_customers_and_staff_can_be_signed_in(folder: Path) -> None:
    async with browser(folder) as here:
        assert (await here.post("/shop/tokens/ord_01m7xv4crgea6srjndcshfegm8k8")).status_code == 404
        assert (await here.get(f"/shop/tokens/{CUSTOMER}")).status_code == 405


async def test_where_it_was_not_built_it_says_what_that_needs(tmp_path: Path) -> None:
    async with browser(tmp_path) as here:
        page = await here.get("/shop")
    assert page.status_code == 404
    assert "Node 20.19" in page.text


async def test_there_is_none_unless_it_is_asked_for(folder: Path) -> None:
    async with browser(folder, settings=settings(shop=False)) as here:
        assert (await here.get("/shop")).status_code == 404
        assert (await here.post("/shop/tokens/staff")).status_code == 404
