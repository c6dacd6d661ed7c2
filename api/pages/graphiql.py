"""GraphiQL: as it was built, or, where nothing was, from a CDN."""

from collections.abc import Mapping
from pathlib import Path

from starlette.responses import HTMLResponse, Response

from api.pages.built import BUILT, built_page
from api.pages.cdn import page_from_cdn
from api.pages.examples import tabs_with
from api.pages.policy import policy_of


def graphiql(variables: Mapping[str, str], token: str | None, *, folder: Path = BUILT) -> Response:
    """The page, its editors filled with the examples, the variables, and the headers of who has this token."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = {"examples": tabs_with(variables), "headers": headers}
    # Its editors make style sheets, and write styles into the lines that they show.
    if built := built_page("graphiql", data, makes_styles=True, folder=folder):
        return built
    page = page_from_cdn(variables, headers)
    return HTMLResponse(page, headers={"content-security-policy": policy_of(page)})
