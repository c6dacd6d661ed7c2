"""The door: how many requests and sockets are in at once. Whoever finds it full is told at once, and goes elsewhere."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Refused
from api.leaving import Leaving
from api.settings import ApiSettings


class Places:
    """So many; to be entered: one is taken while the block runs, Refused where there is none."""

    def __init__(self, number: int, what: str) -> None:
        self._number: Final = number
        self._what: Final = what
        self._taken = 0

    def __enter__(self) -> None:
        if self._taken >= self._number:
            raise Refused(f"Too many {self._what} at once here, try again in a moment.")
        self._taken += 1

    def __exit__(self, *_: object) -> None:
        self._taken -= 1


class Door:
    """The bounds on what one process takes in."""

    def __init__(self, settings: ApiSettings, leaving: Leaving) -> None:
        self._leaving = leaving
        self._sockets: Final = Places(settings.max_sockets, "sockets")
        self.request: Final = Places(settings.max_requests, "requests")
        """A request has its place until it has its answer or its stream."""

    def socket(self) -> Places:
        """A place for a WebSocket as long as it is open; Refused in a process that is leaving."""
        if self._leaving.is_announced:
            raise Refused("This process is stopping, connect again.")
        return self._sockets


class LastAnswers:
    """Every answer of a process that is leaving closes its connection: the next request finds another process."""

    def __init__(self, app: ASGIApp, leaving: Leaving) -> None:
        self._app = app
        self._leaving = leaving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application, with that header where it is time."""

        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start" and self._leaving.is_announced:
                MutableHeaders(scope=message)["connection"] = "close"
            await send(message)

        await self._app(scope, receive, closing if scope["type"] == "http" else send)
