"""The web application: where GraphQL, the pages and the health checks are found."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth import Authenticator
from api.compression import LEVEL
from api.context import Services
from api.door import LastAnswers
from api.errors import Faults
from api.headers import SecurityHeaders
from api.observation import Observation
from api.pages.built import asset_routes
from api.pages.console import console_routes
from api.pages.shop import shop_routes
from api.running import Running
from api.settings import ApiSettings
from api.throttling import Throttle
from api.view import ENDPOINT, GraphQLView
from read_model.allowances import open_allowances
from read_model.errors import ReadFault
from read_model.parked import parked_events
from read_model.settings import ReadSettings
from read_model.startup import open_read_model
from write_model.settings import WriteSettings
from write_model.startup import open_write_model, system_clock

CHECKED_SECONDS: Final = 0.5

Entropy = Callable[[int], bytes]


@asynccontextmanager
async def open_services(
    api: ApiSettings, write: WriteSettings | None, read: ReadSettings, *, entropy: Entropy
) -> AsyncIterator[Services]:
    """Both models, open, and what else every request needs; no command side where there are no settings for it."""
    faults, running = Faults(lambda: entropy(8).hex()), Running(api.execution_seconds)
    auth = Authenticator(api)
    async with AsyncExitStack() as open:
        await open.enter_async_context(auth.ready())
        write_model = await open.enter_async_context(open_write_model(write)) if write else None
        read_model = await open.enter_async_context(open_read_model(read))
        throttle = await open.enter_async_context(open_throttle(api, read))
        yield Services(
            *(api, auth, write_model, read_model, faults, system_clock),
            throttle=throttle,
            running=running,
            observer=Observation.of(api),
        )


@asynccontextmanager
async def open_throttle(api: ApiSettings, read: ReadSettings) -> AsyncIterator[Throttle | None]:
    """What counts what each client asks for; None where there is no bound on that."""
    if not (rate := api.throttle_rate):
        yield None
        return
    async with open_allowances(read, rate=rate, burst=api.throttle_burst) as allowances:
        now = asyncio.get_running_loop().time
        throttle = Throttle(allowances.use, now, rate=rate, burst=api.throttle_burst)
        async with throttle.settling():
            yield throttle


def create_app(services: Services, view: GraphQLView) -> Starlette:
    """The application over open services."""
    settings = services.settings
    checked = Checked(services)

    async def ready(_: Request) -> Response:
        lacks, parked = await checked.get()
        # What is parked is said and fails nothing: every node shows the same, and none would be left to answer.
        state: dict[str, object] = {"ready": not lacks, "missing": lacks}
        if settings.serve != "commands":
            state["parkedEvents"] = parked
        return JSONResponse(state, status_code=503 if lacks else 200)

    middleware = [Middleware(SecurityHeaders), Middleware(LastAnswers, services.leaving)]
    if settings.allowed_origins:
        middleware.append(
            Middleware(
                CORSMiddleware,
                allow_origins=settings.allowed_origins,
                allow_methods=["GET", "POST"],
                allow_headers=["Authorization", "Content-Type", "Prefer", "traceparent"],
                expose_headers=["Preference-Applied", "Retry-After"],
            )
        )
    if settings.compress_bytes:
        middleware.append(Middleware(GZipMiddleware, minimum_size=settings.compress_bytes, compresslevel=LEVEL))
    middleware.append(Middleware(Shortcut, view))
    return Starlette(
        routes=[
            Route(ENDPOINT, view),
            WebSocketRoute(ENDPOINT, view),
            *asset_routes(),
            *console_routes(settings),
            *shop_routes(settings),
            Route("/healthz", _alive),
            Route("/readyz", ready),
        ],
        middleware=middleware,
        exception_handlers={HTTPException: _http_fault},
    )


class Checked:
    """What keeps the process from its work, and how much is parked: asked of the stores twice a second at most.

    Anybody may ask for readiness, as often as they like.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._asking: asyncio.Task[tuple[dict[str, str], int | None]] | None = None
        self._at = 0.0

    async def get(self) -> tuple[dict[str, str], int | None]:
        """What is missing, by side; the number of parked events, None where nobody knows."""
        now = asyncio.get_running_loop().time()
        if self._services.leaving.is_announced or self._asking is None or now - self._at > CHECKED_SECONDS:
            self._asking, self._at = asyncio.create_task(self._ask()), now
        return await asyncio.shield(self._asking)

    async def _ask(self) -> tuple[dict[str, str], int | None]:
        return await asyncio.gather(self._services.missing(), _parked(self._services))


class Shortcut:
    """The way to the endpoint for almost every request: to look for its route costs more than its answer may."""

    def __init__(self, app: ASGIApp, view: GraphQLView) -> None:
        self._app = app
        self._view = view

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Straight to the view, or by the routes."""
        await (self._view if scope.get("path") == ENDPOINT else self._app)(scope, receive, send)


async def _parked(services: Services) -> int | None:
    """How many events the read model could not take in; None where nobody knows."""
    try:
        return await parked_events(services.read.reader)
    except ReadFault:
        return None


async def _alive(_: Request) -> Response:
    return JSONResponse({"alive": True})


async def _http_fault(_: Request, error: Exception) -> Response:
    """A path or a method that is not served: said in JSON like every other fault."""
    assert isinstance(error, HTTPException)
    fault = {"message": error.detail, "extensions": {"code": "BAD_USER_INPUT"}}
    return JSONResponse({"errors": [fault]}, status_code=error.status_code, headers=error.headers)
