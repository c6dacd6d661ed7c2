"""The door: how many requests and sockets are in at once. Whoever finds it full is told at once, and goes elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Refused, Throttled
from api.leaving import Leaving
from api.settings import ApiSettings


class Places:
    """So many; to be entered: one is taken while the block runs, Refused where there is none."""

    def __init__(self, number: int, what: str) -> None:
        self._number: Final = number
        self._what: Final = what
        self._taken = 0

    @property
    def taken(self) -> int:
        """How many there are now."""
        return self._taken

    def __enter__(self) -> None:
        if self._taken >= self._number:
            raise Refused(f"Too many {self._what} at once here, try again in a moment.")
        self._taken += 1

    def __exit__(self, *_: object) -> None:
        self._taken -= 1


class PerClient:
    """How many of something each client has."""

    def __init__(self, what: str) -> None:
        self._what: Final = what
        self._has: dict[str, int] = {}

    def take(self, client: str, most: int) -> None:
        """One more; Throttled where the client has as many as it may."""
        has = self._has.get(client, 0)
        if has >= most:
            raise Throttled(f"You have {has} {self._what} here, and may not have more at once: end one first.")
        self._has[client] = has + 1

    def give_back(self, client: str) -> None:
        """One less."""
        self._has[client] -= 1
        if not self._has[client]:
            del self._has[client]


class Request:
    """One request's place, while the block runs; made by Door, for every request, and so no generator."""

    __slots__ = ("_client", "_most", "_of", "_places")

    def __init__(self, places: Places, of: PerClient, client: str, most: int) -> None:
        self._places, self._of, self._client, self._most = places, of, client, most

    def __enter__(self) -> None:
        self._of.take(self._client, self._most)
        try:
            self._places.__enter__()
        except Refused:
            self._of.give_back(self._client)
            raise

    def __exit__(self, *_: object) -> None:
        self._places.__exit__()
        self._of.give_back(self._client)


class Door:
    """The bounds on what one process takes in."""

    def __init__(self, settings: ApiSettings, leaving: Leaving) -> None:
        self._leaving = leaving
        self._settings: Final = settings
        self.sockets: Final = Places(settings.max_sockets, "sockets")
        self._sockets_of: Final = PerClient("sockets")
        self.requests: Final = Places(settings.max_requests, "requests")
        self._requests_of: Final = PerClient("requests")

    def request(self, client: str) -> "Request":
        """A place for a request, until it has its answer or its stream: to be entered.

        Throttled where the client has too many, Refused where there is none.
        """
        return Request(self.requests, self._requests_of, client, self._settings.max_requests_per_client)

    @contextmanager
    def socket(self, address: str) -> Iterator[None]:
        """A place for a WebSocket as long as it is open; Throttled where one address has too many of them.

        Refused where there is none, and in a process that is leaving.
        """
        if self._leaving.is_announced:
            raise Refused("This process is stopping, connect again.")
        with self.sockets:
            self._sockets_of.take(address, self._settings.max_sockets_per_client)
            try:
                yield
            finally:
                self._sockets_of.give_back(address)


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
