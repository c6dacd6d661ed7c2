"""GraphQL over HTTP, and the page for browsers: strawberry's view, with every fault said in JSON."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from ipaddress import ip_address
from json import JSONDecodeError
from typing import Any, Final

from cross_web import AsyncHTTPRequestAdapter, HTTPException, StarletteRequestAdapter
from graphql import GraphQLError
from pydantic_core import to_json
from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLRequestData
from strawberry.http.base import BaseRequestProtocol
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL

from api.auth import issue_token
from api.compiled.answers import Answers
from api.context import Context, Services
from api.documents import is_subscription
from api.door import Door
from api.errors import BadUserInput, Fault, Refused
from api.events import EventResponse, EventStream, wants_events
from api.pages.graphiql import EXAMPLE_IDS, example_variables, graphiql_page
from api.schema import schema
from api.socket import SocketAdapter, SocketHandler
from api.wire import GraphQLRequest, decode_json, encode_json, read_request

_OPERATION: Final = "orderstream.operation"
"""Where a request's scope keeps what was read of its body."""

_TRIED: Final = "orderstream.tried"
"""Where it keeps that there was no answer by a plan, and why, where that was a fault."""
ENDPOINT: Final = "/graphql"
PAGE_TOKEN_SECONDS: Final = 12 * 3600


class HttpFault(Exception):
    """A request that GraphQL never sees."""

    def __init__(self, status: int, fault: Fault, **headers: str) -> None:
        super().__init__(fault.message)
        self.status = status
        self.fault = fault
        self.headers = headers


class GraphQLView(GraphQL[Context, None]):
    """The endpoint `/graphql`: POST and GET for operations, GET for the page, WebSocket or SSE for subscriptions."""

    websocket_adapter_class = SocketAdapter
    graphql_transport_ws_handler_class = SocketHandler
    stream_transport_classes_by_protocol = {GRAPHQL_SSE_PROTOCOL: EventStream}  # noqa: RUF012 - strawberry's own name

    def __init__(self, services: Services) -> None:
        super().__init__(
            schema,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL),
            max_subscriptions_per_connection=None,  # SocketHandler counts, and says so with a code
            allowed_origins=services.settings.allowed_origins,
        )
        self._services = services
        self._door = Door(services.settings, services.leaving)
        self.answers = Answers(schema)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, whatever comes, in JSON."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return
        try:
            if _TRIED not in scope:
                body = await self._by_plan(scope, receive)
                if body is not None:
                    await _send(body, send)
                    return
            elif scope[_TRIED]:
                raise scope.pop(_TRIED)  # in the scope it would be in a circle with its own traceback
            response = await self.run(Request(scope, receive))
        except Refused as fault:
            response = _turn_away(fault)
        except asyncio.CancelledError:
            if not self._services.leaving.has_begun:
                raise
            response = _turn_away(
                Refused("This process had to stop before it had an answer, send it again (a mutation with its key).")
            )
        except ClientDisconnect:
            return
        except HttpFault as error:
            response = _refusal(error.status, error.fault, error.headers)
        except JSONDecodeError:
            response = _refusal(400, BadUserInput("Unable to parse request body as JSON"))
        except HTTPException as error:
            # strawberry's own refusals: an unknown operation, a method or an operation type that is not served here.
            if error.status_code == 405 or isinstance(error.__cause__, InvalidOperationTypeError):
                response = _refusal(405, BadUserInput(error.reason), {"allow": "POST"})
            else:
                response = _refusal(error.status_code, BadUserInput(error.reason))
        except Exception as error:
            response = _refusal(500, self._services.faults.hide(error))
        await response(scope, receive, send)

    def takes(self, scope: Scope) -> bool:
        """Whether nothing but this view has a word in the answer (api.http.ShortWay, api.app)."""
        services = self._services
        return (
            scope["path"] == ENDPOINT
            and not services.leaving.is_announced
            and not (services.settings.allowed_origins and _header(scope, b"origin"))
        )

    @property
    def is_leaving(self) -> bool:
        """Whether clients had better come back on another connection (api.http.ShortWay)."""
        return self._services.leaving.is_announced

    async def answer(self, scope: Scope, body: bytes) -> bytes | None:
        """The answer by a plan; None where the application has to answer, which then says what is wrong."""
        scope[_TRIED] = None
        try:
            return await self._by_plan(scope, body)
        except (Exception, asyncio.CancelledError) as fault:
            scope[_TRIED] = fault
            return None

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._door.socket():
                await super().__call__(scope, receive, send)
        except Refused as fault:
            await WebSocket(scope, receive, send).send_denial_response(_turn_away(fault))

    async def execute_operation(self, *arguments: Any, **named: Any) -> Any:
        """Once the request is here: one that is slow to come takes nobody's place."""
        with self._door.request:
            return await super().execute_operation(*arguments, **named)

    async def create_streaming_response(
        self,
        request: Request | WebSocket,
        stream: Callable[[], AsyncIterator[str]],
        sub_response: Response,
        headers: Mapping[str, str],
    ) -> Response:
        """The only streams that are served: server-sent events."""
        operation: GraphQLRequest = request.scope[_OPERATION]
        return EventResponse(
            stream(),
            {**sub_response.headers, **headers},
            leaving=self._services.leaving,
            is_endless=partial(is_subscription, operation.query or "", operation.operationName),
        )

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        """Built once a request, or once a connection."""
        return Context.of(self._services, request.scope, response.headers if isinstance(response, Response) else None)

    async def _by_plan(self, scope: Scope, body: bytes | Receive) -> bytes | None:
        """The answer to an operation that has a plan; None for whatever strawberry has to answer."""
        if scope["method"] != "POST" and (scope["method"] != "GET" or b"query=" not in scope["query_string"]):
            return None
        if wants_events(_header(scope, b"accept")):
            return None
        operation = await self._operation(scope, body)
        if operation.query is None:
            return None
        context = Context.of(self._services, scope)
        context.prefer(operation.extensions)
        with self._door.request:
            return await self.answers.answer(
                *(operation.query, operation.operationName, operation.variables, context),
                may_change=scope["method"] == "POST",
            )

    async def _operation(self, scope: Scope, body: bytes | Receive) -> GraphQLRequest:
        """The one operation that a request asks for: no batches, no uploads. `body`, or what it is read from."""
        if _OPERATION in scope:
            operation: GraphQLRequest = scope[_OPERATION]
            return operation
        if scope["method"] == "GET":
            value: Any = {
                name: decode_json(text) if name in ("variables", "extensions") else text
                for name, text in QueryParams(scope["query_string"]).items()
            }
        else:
            # The exact type also keeps foreign pages out, which may send forms and plain text without asking first.
            media_type = _header(scope, b"content-type").partition(";")[0].strip().lower()
            if media_type != "application/json":
                raise HttpFault(415, BadUserInput("Send the request as `Content-Type: application/json`."))
            if isinstance(body, bytes):
                self._check_length(body)
            else:
                body = await self._read_body(body)
            value = decode_json(body)
        try:
            operation = scope[_OPERATION] = read_request(value)
        except BadUserInput as fault:
            raise HttpFault(400, fault) from None
        return operation

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData:
        """The operation, as strawberry wants it."""
        assert isinstance(request, StarletteRequestAdapter)
        operation = await self._operation(request._request.scope, request._request.receive)
        events = self._get_stream_transport_from_headers(request.headers)
        return GraphQLRequestData(
            query=operation.query,
            variables=operation.variables,
            operation_name=operation.operationName,
            extensions=operation.extensions,
            protocol=events.protocol if events else "http",
        )

    async def _read_body(self, receive: Receive) -> bytes:
        """The body, not read any further than it may be long."""
        body, is_whole = b"", False
        while not is_whole:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            body += message.get("body", b"")
            is_whole = not message.get("more_body", False)
            self._check_length(body)
        return body

    def _check_length(self, body: bytes) -> None:
        if len(body) > (limit := self._services.settings.max_body_bytes):
            raise HttpFault(413, BadUserInput(f"The body is longer than {limit} bytes."))

    def decode_json(self, data: str | bytes) -> object:
        """See wire.decode_json: used for the messages of a WebSocket."""
        return decode_json(data)

    def encode_json(self, data: object) -> str:
        """See wire.encode_json."""
        return encode_json(data)

    def should_render_graphql_ide(self, request: BaseRequestProtocol) -> bool:
        """For browsers only: a tool that accepts anything asked for an answer, not for a page."""
        return (
            request.method == "GET"
            and request.query_params.get("query") is None
            and "text/html" in request.headers.get("accept", "")
        )

    async def render_graphql_ide(self, request: Request) -> Response:
        """GraphiQL, with operations that run as they stand."""
        context, token = Context.of(self._services, request.scope), self._token_for(request)
        if token:
            context.authorization = f"Bearer {token}"
        result = await self.schema.execute(EXAMPLE_IDS, context_value=context)
        page = graphiql_page(example_variables(result.data or {}), token)
        return HTMLResponse(page, headers={"cache-control": "no-store"})

    def _token_for(self, request: Request) -> str | None:
        """A staff token for the page of a developer, at this very machine.

        Not for a page of another name that was made to lead here (DNS rebinding).
        """
        settings = self._services.settings
        is_here = request.client is not None and is_loopback(request.client.host) and not _is_forwarded(request)
        if settings.graphiql_staff and settings.auth_secret and is_here and is_loopback(request.url.hostname or ""):
            return issue_token(settings.auth_secret.get_secret_value(), "staff", None, PAGE_TOKEN_SECONDS)
        return None


def _header(scope: Scope, name: bytes) -> str:
    """The request's header; empty where it has none."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return ""


async def _send(body: bytes, send: Send) -> None:
    """An answer, in JSON. Starlette's Response would do the same, at the price of reading an order."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _turn_away(fault: Refused) -> Response:
    """For now: another process, or this one soon, will take it."""
    return _refusal(503, fault, {"retry-after": "1"})


def _refusal(status: int, error: GraphQLError, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        to_json({"errors": [error.formatted]}), status_code=status, headers=headers, media_type="application/json"
    )


def _is_forwarded(request: Request) -> bool:
    return any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-forwarded-host"))


def is_loopback(host: str) -> bool:
    """Whether that is this machine, by a name that nobody else can give it."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
