"""The console, where staff see how the system is doing: a page that asks the API like every other client."""

from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.pages.built import BUILT, built_page
from api.pages.signing_in import token_for
from api.settings import ApiSettings

CONSOLE: Final = "/console"


def console_routes(settings: ApiSettings, *, folder: Path = BUILT) -> list[Route]:
    """Where the console is; nowhere, where the settings do not want it, or nothing is answered that it asks."""
    if not settings.console or settings.serve == "commands":
        return []

    async def page(request: Request) -> Response:
        if built := built_page("console", {"token": token_for(request, settings)}, folder=folder):
            return built
        raise HTTPException(404, "The console was not built: that needs Node 20.19 or later with npm.")

    return [Route(CONSOLE, page)]
