"""GraphQL over WebSocket: strawberry's graphql-transport-ws, stricter with what clients send."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from starlette.websockets import WebSocketDisconnect
from starlette.websockets import WebSocketDisconnected as SocketIsClosed
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.subscriptions.protocols.graphql_transport_ws.types import Message, SubscribeMessage

from api.context import Context, message_extensions
from api.documents import is_subscription
from api.errors import Throttled
from api.wire import fault_in_message

GOING_AWAY: Final = 1001, "the process is stopping"
"""RFC 6455, section 7.4.1: clients connect again, and resume elsewhere."""


class SocketAdapter(ASGIWebSocketAdapter):
    """The socket, for which a client that has left is no fault."""

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Send; strawberry's WebSocketDisconnected where nobody is there any more."""
        try:
            await super().send_json(message)
        except SocketIsClosed as error:
            raise WebSocketDisconnected from error

    async def close(self, code: int, reason: str) -> None:
        """Close, unless it is closed."""
        with suppress(SocketIsClosed, WebSocketDisconnect):
            await super().close(code, reason)


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

    def _leave(self) -> None:
        self._goodbye = asyncio.create_task(self._say_goodbye())

    async def _say_goodbye(self) -> None:
        """Close, once everything but the subscriptions has its answer."""
        owed = [
            operation.task
            for operation in self.operations.values()
            if operation.task and not is_subscription(operation.query, operation.operation_name)
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
        if self.connection_acknowledged and len(self.operations) >= limit and message["id"] not in self.operations:
            fault = Throttled(f"One connection may run {limit} operations at once.")
            await self.send_message({"id": message["id"], "type": "error", "payload": [fault.formatted]})
        else:
            await super().handle_subscribe(message)

    async def cleanup_operation(self, operation_id: str) -> None:
        """End the operation; it says nothing from now on."""
        if operation := self.operations.get(operation_id):
            operation.completed = True
        await super().cleanup_operation(operation_id)

    async def handle_task_exception(self, error: Exception) -> None:
        """Log what ended an operation without an answer, unless it was the client's leaving."""
        if not isinstance(error, WebSocketDisconnected):
            self.context.services.faults.hide(error)
