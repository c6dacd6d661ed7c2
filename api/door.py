"""The door: how many requests and sockets are in at once. Whoever finds it full is told at once, and goes elsewhere."""

from contextlib import AbstractContextManager
from functools import partial
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Refused
from api.leaving import Leaving
from api.settings import ApiSettings
from read_model.room import Room


class Door:
    """The bounds on what one process takes in; Refused beyond them."""

    def __init__(self, settings: ApiSettings, leaving: Leaving) -> None:
        self._leaving = leaving
        self._sockets = _room(settings.max_sockets, "sockets")
        self.request: Final = _room(settings.max_requests, "requests")
        """To be entered: a place for a request, until it has its answer or its stream."""

    def socket(self) -> AbstractContextManager[None]:
        """A place for a WebSocket as long as it is open; none in a process that is leaving."""
        if self._leaving.is_announced:
            raise Refused("This process is stopping, connect again.")
        return self._sockets


def _room(places: int, what: str) -> Room:
    return Room(places, partial(Refused, f"Too many {what} at once here, try again in a moment."))


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
