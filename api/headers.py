"""Headers that every answer over HTTP has: what browsers must not do with it."""

from collections.abc import Mapping
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def on_the_wire(headers: Mapping[str, str]) -> bytes:
    """These headers and SECURITY, as HTTP/1.1 has them."""
    return "".join(f"{name}: {value}\r\n" for name, value in {**headers, **SECURITY}.items()).encode("latin-1")


class SecurityHeaders:
    """Gives every answer SECURITY, where it does not say otherwise itself (the page has a policy of its own)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application, with those headers; also where it turns a WebSocket away."""

        async def secure(message: Message) -> None:
            if message["type"].endswith("http.response.start"):
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, secure)
