"""The example shop: its page, and the tokens with which it signs shoppers and staff in."""

from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.pages.built import BUILT, built_page
from api.pages.signing_in import shop_token_for
from api.settings import ApiSettings

SHOP: Final = "/shop"
_STAFF: Final = "staff"


def shop_routes(settings: ApiSettings, folder: Path = BUILT) -> list[Route]:
    """Where the shop is; nowhere, unless the settings ask for it."""
    if not settings.shop:
        return []

    async def page(_: Request) -> Response:
        if built := built_page("shop", folder=folder):
            return built
        raise HTTPException(404, "The shop was not built: that needs Node 20.19 or later with npm.")

    async def token(request: Request) -> Response:
        who: str = request.path_params["who"]
        try:
            token = shop_token_for(request, settings, None if who == _STAFF else who)
        except ValueError as error:
            raise HTTPException(404, str(error)) from error
        if token is None:
            raise HTTPException(403, "The shop signs in browsers at the machine where it runs, and no others.")
        return JSONResponse({"token": token})

    # POST, because it makes something: a page of another host can have it sent, and not read what comes.
    return [Route(SHOP, page), Route(SHOP + "/tokens/{who}", token, methods=["POST"])]
