"""Queries about the system itself, for staff."""

from typing import Annotated, TypeAlias

import strawberry
from strawberry import UNSET

from api.arguments import After, First, OrderId
from api.connections.types import page_request
from api.context import Info
from api.errors import check_id
from api.fields import field
from api.operations.events import OrderHistoryConnection
from api.operations.parked import ParkedEvent, ParkedEventConnection
from api.operations.types import Operations
from read_model.history import order_history
from read_model.parked import find_parked, parked_behind, parked_page

ParkedId: TypeAlias = Annotated[
    strawberry.ID,
    strawberry.argument(description="The event's id or its position, or the id of an aggregate: its first then."),
]


@strawberry.type
class OperationsQueries:
    @field("Staff only. How the system is doing, as of this second.")
    async def operations(self, info: Info) -> Operations:
        return Operations.of(await info.context.services.read.pulse.now())

    @field("Staff only. Events that could not be projected: of each aggregate the one to blame.")
    async def parked_events(self, info: Info, first: First = UNSET, after: After = UNSET) -> ParkedEventConnection:
        page = page_request(first, after, UNSET, UNSET)
        return ParkedEventConnection.of(await parked_page(info.context.services.read.reader, page))

    @field("Staff only. A parked event; null where it is not parked, or not any more.")
    async def parked_event(self, info: Info, id: ParkedId) -> ParkedEvent | None:
        reader = info.context.services.read.reader
        event = await find_parked(reader, id)
        return ParkedEvent.of(event, await parked_behind(reader, event)) if event else None

    @field("Staff only. What happened to an order, and what it is; null where there is none with this id.")
    async def order_history(
        self, info: Info, id: OrderId, first: First = UNSET, after: After = UNSET
    ) -> OrderHistoryConnection | None:
        check_id(id, "ord")
        history = await order_history(info.context.reader, id, page_request(first, after, UNSET, UNSET))
        return OrderHistoryConnection.of(history) if history else None
