"""GraphQL over WebSocket: strawberry's graphql-transport-ws, stricter with what clients send."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Final, Protocol, cast

from starlette.websockets import WebSocketDisconnect
from starlette.websockets import WebSocketDisconnected as SocketIsClosed
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    ConnectionInitMessage,
    Message,
    SubscribeMessage,
)

from api.context import Context, message_extensions, send_at_once
from api.documents import is_subscription
from api.errors import Fault, Throttled
from api.persisted import Persisted
from api.wire import fault_in_message, next_head, next_message, read_request

GOING_AWAY: Final = 1001, "the process is stopping"
"""RFC 6455, section 7.4.1: clients connect again, and resume elsewhere."""
FORBIDDEN: Final = 4403
LONGEST_REASON: Final = 123
"""Bytes that a close frame holds beside the code (RFC 6455, section 5.5)."""
AT_ONCE: Final = "orderstream.at_once"
"""An extension of ASGI's scope of a WebSocket: `send` sends a text without waiting, or answers False."""


class SocketAdapter(ASGIWebSocketAdapter):
    """The socket, for which a client that has left is no fault."""

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Send; strawberry's WebSocketDisconnected where nobody is there any more."""
        try:
            await super().send_json(message)
        except SocketIsClosed as error:
            raise WebSocketDisconnected from error

    @property
    def send_at_once(self) -> Callable[[bytes], bool] | None:
        """What sends a text, in UTF-8, without waiting, where the server can do that (api.server.SocketProtocol)."""
        send: Callable[[bytes], bool] | None = self.ws.scope.get("extensions", {}).get(AT_ONCE, {}).get("send")
        return send

    async def close(self, code: int, reason: str) -> None:
        """Close, unless it is closed; with as much of the reason as a close frame holds."""
        with suppress(SocketIsClosed, WebSocketDisconnect):
            await super().close(code, reason.encode()[:LONGEST_REASON].decode(errors="ignore"))


class View(Protocol):
    """What a connection needs of the view."""

    persisted: Persisted


class SocketHandler(BaseGraphQLTransportWSHandler[Context, None]):
    """One connection's conversation."""

    _goodbye: asyncio.Task[None] | None = None

    async def handle(self) -> None:
        """Converse until the client leaves, or the process."""
        leaving = self.context.services.leaving
        try:
            with leaving.telling(self._leave):
                await super().handle()
        except asyncio.CancelledError:
            if not leaving.has_begun:
                raise
            await self.websocket.close(*GOING_AWAY)

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        """Acknowledge, or close with 4403 where the client is not who it says (RFC 6750 is for HTTP only).

        Clients of graphql-ws take that for a reason to get another token, and connect again.
        """
        params = message.get("payload", {})
        if not self.connection_init_received and isinstance(params, dict):
            self.context.connection_params = params
            if fault := await self.context.refusal():
                await self.websocket.close(FORBIDDEN, f"{fault.code}: {fault.message}")
                return
        await super().handle_connection_init(message)

    def _leave(self) -> None:
        self._goodbye = asyncio.create_task(self._say_goodbye())

    async def _say_goodbye(self) -> None:
        """Close, once everything but the subscriptions has its answer."""
        settings = self.context.services.settings
        owed = [
            operation.task
            for operation in self.operations.values()
            if operation.task and not is_subscription(operation.query, operation.operation_name, settings)
        ]
        if owed:
            await asyncio.wait(owed)
        await self.websocket.close(*GOING_AWAY)

    async def handle_message(self, message: Message) -> None:
        """Close with 4400 on whatever is not a message of the protocol, as the protocol asks."""
        if problem := fault_in_message(message):
            await self.handle_invalid_message(problem)
        else:
            await super().handle_message(message)

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Start the operation, unless the connection runs as many as it may.

        The process that is leaving starts none: the client sends it again over its next connection.
        """
        if self.context.services.leaving.has_begun:
            return
        message_extensions.set(message["payload"].get("extensions"))  # for the operation's task, which copies it
        limit = self.context.services.settings.max_operations_per_socket
        try:
            if self.connection_acknowledged:
                if len(self.operations) >= limit and message["id"] not in self.operations:
                    raise Throttled(f"One connection may run {limit} operations at once.")
                text = cast(View, self.view).persisted.text_of(read_request(message["payload"]))
                if text is None:
                    await self.handle_invalid_message("`payload.query` is missing")
                    return
                message["payload"]["query"] = text
            await super().handle_subscribe(message)
        except Fault as fault:
            if not isinstance(fault, Throttled):
                fault = await self._charge(message, fault)
            await self.send_message({"id": message["id"], "type": "error", "payload": [fault.formatted]})

    async def _charge(self, message: SubscribeMessage, fault: Fault) -> Fault:
        """What is said of a message that makes no sense: the fault, unless its client may send nothing more now."""
        try:
            await self.context.charge_for_reading(len(str(message["payload"].get("query"))))
        except Throttled as throttled:
            return throttled
        return fault

    async def run_operation(self, operation: Operation[Context, None]) -> None:
        """Run it; its events may be sent at once, whenever it waits for the next one."""
        assert isinstance(self.websocket, SocketAdapter)
        if send := self.websocket.send_at_once:
            send_at_once.set(partial(_send_at_once, operation, send, next_head(operation.id)))
        await super().run_operation(operation)

    async def cleanup_operation(self, operation_id: str) -> None:
        """End the operation; it says nothing from now on."""
        if operation := self.operations.get(operation_id):
            operation.completed = True
        await super().cleanup_operation(operation_id)

    async def handle_task_exception(self, error: Exception) -> None:
        """Log what ended an operation without an answer, unless it was the client's leaving."""
        if not isinstance(error, WebSocketDisconnected):
            self.context.services.faults.hide(error)


def _send_at_once(
    operation: Operation[Context, None], send: Callable[[bytes], bool], head: bytes, payload: bytes
) -> bool:
    """Whether nothing is left to do: an operation that is over says nothing."""
    return operation.completed or send(next_message(head, payload))
