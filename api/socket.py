"""GraphQL over WebSocket: strawberry's graphql-transport-ws, stricter with what clients send."""

from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.subscriptions.protocols.graphql_transport_ws.types import Message, SubscribeMessage

from api.context import Context
from api.errors import Throttled
from api.wire import fault_in_message


class SocketHandler(BaseGraphQLTransportWSHandler[Context, None]):
    """One connection's conversation."""

    async def handle_message(self, message: Message) -> None:
        """Close with 4400 on whatever is not a message of the protocol, as the protocol asks."""
        if problem := fault_in_message(message):
            await self.handle_invalid_message(problem)
        else:
            await super().handle_message(message)

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Start the operation, unless the connection runs as many as it may."""
        limit = self.context.services.settings.max_operations_per_socket
        if self.connection_acknowledged and len(self.operations) >= limit and message["id"] not in self.operations:
            fault = Throttled(f"One connection may run {limit} operations at once.")
            await self.send_message({"id": message["id"], "type": "error", "payload": [fault.formatted]})
        else:
            await super().handle_subscribe(message)
