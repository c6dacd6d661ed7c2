"""Signs a developer's page in, at the very machine where the server runs."""

from ipaddress import ip_address
from typing import Final

from starlette.requests import Request

from api.access import Role
from api.auth import issue_token
from api.settings import ApiSettings

PAGE_TOKEN_SECONDS: Final = 12 * 3600


def token_for(request: Request, settings: ApiSettings) -> str | None:
    """A staff token for GraphiQL; None for whoever is, or may be, somewhere else."""
    return _token_here(request, settings, "staff", None) if settings.graphiql_staff else None


def shop_token_for(request: Request, settings: ApiSettings, customer_id: str | None) -> str | None:
    """A token for the example shop: of this customer, or of staff; None for whoever is, or may be, somewhere else.

    ValueError where that is not the id of a customer.
    """
    role: Role = "customer" if customer_id is not None else "staff"
    return _token_here(request, settings, role, customer_id) if settings.shop else None


def _token_here(request: Request, settings: ApiSettings, role: Role, customer_id: str | None) -> str | None:
    """Not for a page of another name that was made to lead here (DNS rebinding)."""
    is_here = request.client is not None and is_loopback(request.client.host) and not _is_forwarded(request)
    if settings.auth_secret and is_here and is_loopback(request.url.hostname or ""):
        return issue_token(settings.auth_secret.get_secret_value(), role, customer_id, PAGE_TOKEN_SECONDS)
    return None


def _is_forwarded(request: Request) -> bool:
    return any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-forwarded-host"))


def is_loopback(host: str) -> bool:
    """Whether that is this machine, by a name that nobody else can give it."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
