"""GraphQL over HTTP, and the page for browsers: strawberry's view, with every fault said in JSON."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Final

from cross_web import AsyncHTTPRequestAdapter, StarletteRequestAdapter
from graphql import GraphQLError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.http.base import BaseRequestProtocol
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult

from api import negotiation
from api.compiled.answers import Answers
from api.compression import COMPRESSED, compress
from api.context import Context, Services
from api.documents import is_subscription
from api.door import Door
from api.errors import BadUserInput, Fault, Refused, Throttled
from api.events import EventResponse, EventStream
from api.exchange import EXCHANGE, Exchange
from api.heads import header_of
from api.metrics import of_door
from api.networks import network_of
from api.pages.examples import EXAMPLE_IDS, example_variables
from api.pages.graphiql import graphiql
from api.pages.signing_in import token_for
from api.persisted import Trusted, open_persisted
from api.proxies import Proxies
from api.reading import LENGTH, OPERATION, operation_in, read_operation
from api.replies import HttpFault, refusal, refusal_of, refuse, send_answer
from api.running import Operation
from api.schema import schema_of
from api.socket import SocketAdapter, SocketHandler
from api.wire import GraphQLRequest, decode_json, encode_json, names_a_document
from telemetry import metrics

_TRIED: Final = "orderstream.tried"
"""Where it keeps that there was no answer by a plan, and why, where that was a fault."""
ENDPOINT: Final = "/graphql"


class GraphQLView(GraphQL[Context, None]):
    """The endpoint `/graphql`: POST and GET for operations, GET for the page, WebSocket or SSE for subscriptions."""

    websocket_adapter_class = SocketAdapter
    graphql_transport_ws_handler_class = SocketHandler
    stream_transport_classes_by_protocol = {GRAPHQL_SSE_PROTOCOL: EventStream}  # noqa: RUF012 - strawberry's own name

    def __init__(self, services: Services) -> None:
        schema = schema_of(services.settings.serve)
        super().__init__(
            schema,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL),
            max_subscriptions_per_connection=None,  # SocketHandler counts, and says so with a code
            connection_init_wait_timeout=timedelta(seconds=services.settings.request_seconds),
            allowed_origins=services.settings.allowed_origins,
        )
        self._services = services
        self._door = Door(services.settings, services.leaving)
        self._proxies = Proxies.trusted(services.settings.forwarded_allow_ips)
        self._large = services.settings.compress_bytes or sys.maxsize
        self.persisted = open_persisted(schema._schema, services.settings)
        texts = self.persisted.texts if isinstance(self.persisted, Trusted) else ()
        self.answers = Answers(schema, services.settings, texts)
        metrics.export(door := of_door(self._door))
        self.sources = [door]
        """What this process has counted at the edge."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, whatever comes, in JSON."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return
        try:
            if _TRIED not in scope:
                planned = None
                if media_type := _wanted(scope):
                    planned = await self._by_plan(scope, await self._read(scope, receive), media_type)
                if planned is not None:
                    await send_answer(*planned, send)
                    return
            elif scope[_TRIED]:
                raise scope.pop(_TRIED)  # in the scope it would be in a circle with its own traceback
            response = await self.run(Request(scope, receive))
        except asyncio.CancelledError:
            if not self._services.leaving.has_begun:
                raise
            response = refuse(
                Refused("This process had to stop before it had an answer, send it again (a mutation with its key).")
            )
        except ClientDisconnect:
            return
        except Exception as error:
            response = await self._refuse(scope, error)
        await response(scope, receive, send)

    async def _refuse(self, scope: Scope, error: Exception) -> Response:
        """What is said of it; a mistake of the client's is charged for, or senseless requests would be free."""
        response = refusal_of(error)
        if response is None:
            hidden = self._services.faults.hide(error)
            _note(scope, hidden)
            return refusal(500, hidden)
        if isinstance(error, Fault):
            _note(scope, error)
            return response
        try:
            await Context.of(self._services, scope).charge_for_reading(scope.pop(LENGTH, 0))
        except Throttled as fault:
            return refuse(fault)
        if isinstance(error, HttpFault):
            _note(scope, error.fault)
        return response

    def takes(self, scope: Scope) -> bool:
        """Whether nothing but this view has a word in the answer (api.http.ShortWay, api.app)."""
        services = self._services
        return (
            scope["path"] == ENDPOINT
            and not services.leaving.is_announced
            and not (services.settings.allowed_origins and header_of(scope, b"origin"))
        )

    @property
    def is_leaving(self) -> bool:
        """Whether clients had better come back on another connection (api.http.ShortWay)."""
        return self._services.leaving.is_announced

    async def answer(self, scope: Scope, body: bytes) -> tuple[bytes, bytes] | None:
        """The answer by a plan; None where the application has to answer, which then says what is wrong."""
        scope[_TRIED] = None
        try:
            if self._proxies:
                await self._proxies.see(scope)
            media_type = _wanted(scope)
            if media_type is None:
                return None
            operation = operation_in(scope, body, self.persisted, self._services.settings.max_body_bytes)
            planned = await self._by_plan(scope, operation, media_type)
            if planned is None:
                return None
            head, answer = planned
            if len(answer) >= self._large and negotiation.accepts_coding(header_of(scope, b"accept-encoding"), "gzip"):
                return head.wire + COMPRESSED, await compress(answer)
            return head.wire, answer
        except (Exception, asyncio.CancelledError) as fault:
            scope[_TRIED] = fault
            return None

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        try:
            with self._door.socket(network_of(client[0]) if client else ""):
                await super().__call__(scope, receive, send)
        except (Refused, Throttled) as fault:
            await WebSocket(scope, receive, send).send_denial_response(refuse(fault))

    async def execute_operation(self, *arguments: Any, **named: Any) -> Any:
        """Once the request is here: one that is slow to come takes nobody's place."""
        context: Context = named["context"]
        with self._door.request(context.client), Operation(self._services.running):
            return await super().execute_operation(*arguments, **named)

    async def create_streaming_response(
        self,
        request: Request | WebSocket,
        stream: Callable[[], AsyncIterator[str]],
        sub_response: Response,
        headers: Mapping[str, str],
    ) -> Response:
        """The only streams that are served: server-sent events."""
        operation: GraphQLRequest = request.scope[OPERATION]
        return EventResponse(
            stream(),
            {**sub_response.headers, **headers},
            leaving=self._services.leaving,
            is_endless=partial(is_subscription, operation.query, operation.operationName, self._services.settings),
        )

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        """What the answer's own headers are added to; it knows how the client wants the answer."""
        response = await super().get_sub_response(request)
        response.media_type = negotiation.media_type_wanted(header_of(request.scope, b"accept")) or negotiation.JSON
        return response

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        """The answer; without data where the operation did not run (GraphQL, section "Request Error Result")."""
        answer = await super().process_result(request, result)
        if result.data is None and not any(error.path for error in result.errors or ()):
            del answer["data"]
        return answer

    def create_response(
        self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response
    ) -> Response:
        """The answer to an operation that was executed, or that could not be."""
        assert isinstance(response_data, dict)
        response = super().create_response(response_data, sub_response)
        response.status_code, headers = negotiation.head_of(response_data, sub_response.media_type or negotiation.JSON)
        response.headers.update(headers)
        return response

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        """Built once a request, or once a connection."""
        return Context.of(self._services, request.scope, response.headers if isinstance(response, Response) else None)

    async def _by_plan(
        self, scope: Scope, operation: GraphQLRequest, media_type: str
    ) -> tuple[negotiation.Head, bytes] | None:
        """The answer to an operation that has a plan; None for whatever strawberry has to answer."""
        if operation.query is None:
            return None
        context = Context.of(self._services, scope)
        context.prefer(operation.extensions)
        with self._door.request(context.client), Operation(self._services.running):
            answer = await self.answers.answer(
                *(operation.query, operation.operationName, operation.variables, context),
                may_change=scope["method"] == "POST",
            )
        return None if answer is None else (negotiation.FORMS[media_type][context.has_errors], answer)

    def _read(self, scope: Scope, receive: Receive) -> Awaitable[GraphQLRequest]:
        return read_operation(scope, receive, self.persisted, self._services.settings.max_body_bytes)

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData:
        """The operation, as strawberry wants it."""
        assert isinstance(request, StarletteRequestAdapter)
        accept = header_of(request._request.scope, b"accept")
        if not negotiation.wants_events(accept) and negotiation.media_type_wanted(accept) is None:
            raise HttpFault(406, BadUserInput(negotiation.NOT_ACCEPTABLE))
        operation = await self._read(request._request.scope, request._request.receive)
        events = self._get_stream_transport_from_headers(request.headers)
        return GraphQLRequestData(
            query=operation.query,
            variables=operation.variables,
            operation_name=operation.operationName,
            extensions=operation.extensions,
            protocol=events.protocol if events else "http",
        )

    def decode_json(self, data: str | bytes) -> object:
        """See wire.decode_json: used for the messages of a WebSocket."""
        return decode_json(data)

    def encode_json(self, data: object) -> str:
        """See wire.encode_json."""
        return encode_json(data)

    def should_render_graphql_ide(self, request: BaseRequestProtocol) -> bool:
        """For browsers only: a tool that accepts anything asked for an answer, not for a page."""
        return (
            self._services.settings.graphiql
            and request.method == "GET"
            and request.query_params.get("query") is None
            and "text/html" in request.headers.get("accept", "")
        )

    async def render_graphql_ide(self, request: Request) -> Response:
        """GraphiQL, with operations that run as they stand."""
        context, token = Context.of(self._services, request.scope), token_for(request, self._services.settings)
        if token:
            context.authorization = f"Bearer {token}"
        result = await self.schema.execute(EXAMPLE_IDS, context_value=context)
        return graphiql(example_variables(result.data or {}), token)


def _wanted(scope: Scope) -> str | None:
    """What the client wants its answer as; None where only strawberry knows what to do with the request."""
    if scope["method"] != "POST" and (scope["method"] != "GET" or not names_a_document(scope["query_string"])):
        return None
    return negotiation.media_type_wanted(header_of(scope, b"accept"))


def _note(scope: Scope, fault: GraphQLError) -> None:
    """Let operators see what is said, where they look."""
    exchange: Exchange | None = scope.get(EXCHANGE)
    if exchange:
        exchange.fail([fault])
