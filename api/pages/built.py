"""The pages that were built from `web/`, and the files that they load."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.negotiation import accepts_coding
from api.pages.policy import policy_of_built

BUILT: Final = Path(__file__).with_name("built")
_IMMUTABLE: Final = "public, max-age=31536000, immutable"
_CODINGS: Final = {"br": ".br", "gzip": ".gz"}
"""How each file was compressed when it was built, the best first."""
_DATA: Final = '<script type="application/json" id="page-data">'


def built_page(
    name: str, data: Mapping[str, object] | None = None, *, makes_styles: bool = False, folder: Path = BUILT
) -> Response | None:
    """The page of `web/src/<name>`, with data for its scripts (`pageData`); None where it was not built.

    Data may be for one person's eyes: a page that has some is not stored, any other is asked for again each time.
    """
    try:
        page = (folder / name / "index.html").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    headers = {"content-security-policy": policy_of_built(makes_styles=makes_styles)}
    if data is None:
        headers["cache-control"] = "no-cache"
    else:
        page = page.replace(_DATA, _DATA + json.dumps(data).replace("<", "\\u003c"), 1)
    return HTMLResponse(page, headers=headers)


def is_built(name: str) -> bool:
    """Whether there is such a page."""
    return (BUILT / name / "index.html").exists()


def asset_routes(folder: Path = BUILT) -> list[Mount]:
    """Where pages find what they load; nowhere, if nothing was built."""
    assets = folder / "assets"
    return [Mount("/assets", Assets(directory=assets))] if assets.exists() else []


class Assets(StaticFiles):
    """Scripts, styles and fonts, whose names change with what is in them; compressed, for those who can read that."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file; HTTPException where there is none."""
        accepted = Headers(scope=scope).get("accept-encoding", "")
        coding = next((coding for coding in _CODINGS if accepts_coding(accepted, coding)), None)
        response = await super().get_response(path + _CODINGS[coding] if coding else path, scope)
        response.headers.update({"cache-control": _IMMUTABLE, "vary": "Accept-Encoding"})
        if coding:
            response.headers["content-encoding"] = coding
        return response
