"""Events as staff see them: those that go by, and those of an order's history."""

from datetime import UTC, datetime
from typing import cast

import strawberry

from api.connections.types import Edge, PageInfo
from api.orders.types import Order
from api.scalars import JSON, DateTime, date_time
from read_model.history import Happened, OrderHistory
from read_model.passing import Passed, Seen


@strawberry.type(description="An event that has just become visible.")
class PassingEvent:
    partition: int = strawberry.field(description="The partition that has it.")
    position: str = strawberry.field(
        description="Where it stands there: second and increment of its commit, and its place in that."
    )
    type: str = strawberry.field(description='What happened, e.g. "OrderPlaced".')
    aggregate_id: strawberry.ID = strawberry.field(description="What it happened to.")
    version: str = strawberry.field(description="The aggregate's version after it, as the event says it.")
    actor: str = strawberry.field(description='Who caused it, e.g. "staff:sam".')
    occurred_at: DateTime | None = strawberry.field(
        description="When its command was taken; null where the event does not say so."
    )
    visible_at: DateTime = strawberry.field(description="When this process heard that it is shown.")
    milliseconds: float | None = strawberry.field(
        description="From the one to the other; the clocks may be those of two machines."
    )

    @classmethod
    def of(cls, its: Passed) -> "PassingEvent":
        """The event as staff see it; one that could not be projected shows what it has."""
        entry = its.entry
        return cls(
            partition=its.partition,
            position=str(its.position),
            type=entry.get("type") or entry.get("tombstone") or "",
            aggregate_id=strawberry.ID(entry.get("aggregate", "")),
            version=entry.get("version", ""),
            actor=entry.get("actor", ""),
            occurred_at=DateTime(entry["at"]) if its.seconds is not None else None,
            visible_at=date_time(datetime.fromtimestamp(its.visible_at, UTC)),
            milliseconds=None if its.seconds is None else round(1000 * its.seconds, 1),
        )


@strawberry.type(description="Events that have become visible since the last time.")
class PassingEvents:
    events: list[PassingEvent] = strawberry.field(description="At most 100, by their positions.")
    has_gaps: bool = strawberry.field(
        description="Whether there were more: in a hurry, or for a client that is slow, only the latest are shown."
    )

    @classmethod
    def of(cls, its: Seen) -> "PassingEvents":
        """The events as staff see them."""
        return cls(events=[PassingEvent.of(event) for event in its.events], has_gaps=its.has_gaps)


@strawberry.type(description="An event of an order, as it was published.")
class OrderEvent:
    id: strawberry.ID = strawberry.field(description="The event's own: the order's id and the version.")
    version: int = strawberry.field(description="The order's version after it.")
    position: str = strawberry.field(
        description="Where it stands among all events of its partition: what `projectedPosition` has passed is shown."
    )
    type: str = strawberry.field(description='What happened, e.g. "OrderPlaced".')
    schema_version: int | None = strawberry.field(description="In which shape `data` is: they only grow.")
    occurred_at: DateTime | None = strawberry.field(description="When its command was taken.")
    command_id: strawberry.ID | None = strawberry.field(description="The command that caused it, as its receipt says.")
    actor: str | None = strawberry.field(description='Who sent that, e.g. "staff:sam".')
    trace: str | None = strawberry.field(description="The W3C traceparent of the request, where it had one.")
    data: JSON | None = strawberry.field(description="What the event says.")
    is_discarded: bool = strawberry.field(
        description="Whether it was discarded: it could not be projected, and its version is skipped. It says no more."
    )

    @classmethod
    def of(cls, its: Happened) -> "OrderEvent":
        """The event as staff see it."""
        event = its.remembered
        return cls(
            id=strawberry.ID(its.id),
            version=event.version,
            position=str(event.position),
            type=event.type,
            schema_version=event.schema_version,
            occurred_at=DateTime(event.occurred_at) if event.occurred_at else None,
            command_id=strawberry.ID(event.command_id) if event.command_id else None,
            actor=event.actor,
            trace=event.trace,
            data=JSON(event.data),
            is_discarded=event.is_given_up,
        )


@strawberry.type(description="An order beside the events that made it what it is.")
class OrderHistoryConnection:
    order: Order = strawberry.field(description="The order as it is shown.")
    edges: list[Edge[OrderEvent]] = strawberry.field(description="The page's events, each with its cursor.")
    nodes: list[OrderEvent] = strawberry.field(description="The page's events alone, oldest first.")
    page_info: PageInfo = strawberry.field(description="Whether the history goes on, and the cursors to go on with.")
    total_count: int = strawberry.field(description="Events in the whole history, on all pages; exact.")
    is_whole: bool = strawberry.field(
        description="Whether it begins with the order's first event: 1,000 are kept, and a read model that an older\n"
        "version made has those since then, until it is rebuilt."
    )

    @classmethod
    def of(cls, its: OrderHistory) -> "OrderHistoryConnection":
        """The history as staff see it."""
        events = [OrderEvent.of(node) for node in its.page.nodes]
        return cls(
            order=cast(Order, its.order),
            edges=Edge.all_of(its.page, events),
            nodes=events,
            page_info=PageInfo.of(its.page),
            total_count=its.page.total_count,
            is_whole=its.is_whole,
        )
