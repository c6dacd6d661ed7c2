"""Parked events as staff see them, and what they do about them."""

from enum import Enum

import strawberry
from pydantic_core import from_json

from api.connections.types import Edge, PageInfo
from api.fields import enum_value
from api.scalars import JSON
from api.user_errors import UserError
from read_model.pages import Page
from read_model.parked import ParkedEvent as Parked
from read_model.parked import ParkedQueue
from read_model.schema.requests import Answer, Outcome


@strawberry.type(
    description="An event that could not be projected, and with which the later ones of its aggregate wait."
)
class ParkedEvent:
    id: strawberry.ID = strawberry.field(description="Names it to `parkedEvent`, `retryParked` and `discardParked`.")
    partition: int = strawberry.field(description="The partition that has it.")
    position: str = strawberry.field(description="Where it stands there, among all events.")
    type: str = strawberry.field(description="What happened, as the event says it; empty where it does not.")
    aggregate_id: strawberry.ID = strawberry.field(
        description="What it happened to, as the event says it; empty where it does not."
    )
    version: int | None = strawberry.field(description="The aggregate's version after it; null where it says none.")
    occurred_at: str | None = strawberry.field(description="When its command was taken, as the event says it.")
    actor: str | None = strawberry.field(description="Who caused it, as the event says it.")
    reason: str = strawberry.field(description="Why it could not be projected, for people.")
    is_discarded: bool = strawberry.field(
        description="Whether it was given up already, and its tombstone waits behind an earlier event."
    )
    behind: int = strawberry.field(description="Later events of the aggregate that wait behind it.")
    entry: JSON = strawberry.field(description="All that the event says, by field, as it was published.")

    @classmethod
    def of(cls, its: Parked, behind: int) -> "ParkedEvent":
        """The event as staff see it, however broken it is."""
        entry = {_printable(name): _printable(text) for name, text in its.entry.items()}
        return cls(
            id=strawberry.ID(_printable(its.event_id or str(its.position))),
            partition=its.partition,
            position=str(its.position),
            type=_printable(its.type),
            aggregate_id=strawberry.ID(its.aggregate_id),
            version=its.version if its.version is not None and its.version < 2**31 else None,
            occurred_at=entry.get("at"),
            actor=entry.get("actor"),
            reason=_printable(its.reason),
            is_discarded=its.is_given_up,
            behind=behind,
            entry=JSON({**entry, "data": _data(entry["data"])} if "data" in entry else entry),
        )


@strawberry.type(description="A page of what is parked: of each aggregate the event to blame.")
class ParkedEventConnection:
    edges: list[Edge[ParkedEvent]] = strawberry.field(description="The page's entries, each with its cursor.")
    nodes: list[ParkedEvent] = strawberry.field(
        description="The page's entries alone, by partition and aggregate: the first that is parked of each."
    )
    page_info: PageInfo = strawberry.field(description="Whether the list goes on, and the cursors to go on with.")
    total_count: int = strawberry.field(
        description="Parked events in all, those that wait behind others included; exact."
    )

    @classmethod
    def of(cls, its: Page[ParkedQueue]) -> "ParkedEventConnection":
        """The page as staff see it."""
        events = [ParkedEvent.of(queue.head, queue.behind) for queue in its.rows]
        return cls(
            edges=Edge.all_of(its, events),
            nodes=events,
            page_info=PageInfo.of(its),
            total_count=its.total_count,
        )


@strawberry.enum(description="What came of a request about parked events.")
class ParkingOutcome(Enum):
    FREE = enum_value("FREE", "Nothing of the aggregate is parked any more.")
    STUCK = enum_value("STUCK", "An event could not be projected: it stays parked, and so does what is behind it.")
    WAITING = enum_value("WAITING", "No projector has taken it up yet, or it is still at it. The request is kept.")


@strawberry.type(description="The proof that a request about parked events was made, and what has come of it so far.")
class ParkingReceipt:
    request_id: strawberry.ID = strawberry.field(description="The request's own.")
    outcome: ParkingOutcome = strawberry.field(description="What came of it within 5 seconds.")
    taken_in: int = strawberry.field(description="Parked events that are parked no more.")
    position: str | None = strawberry.field(description="The event that stays parked, where one is to blame.")
    reason: str | None = strawberry.field(description="Why it stays parked.")

    @classmethod
    def of(cls, request_id: str, answer: Answer) -> "ParkingReceipt":
        """The answer to a request as staff see it."""
        match answer.outcome:
            case Outcome.FREE:
                outcome = ParkingOutcome.FREE
            case Outcome.STUCK:
                outcome = ParkingOutcome.STUCK
            case _:
                outcome = ParkingOutcome.WAITING
        return cls(
            request_id=strawberry.ID(request_id),
            outcome=outcome,
            taken_in=answer.projected,
            position=str(answer.position) if answer.position else None,
            reason=_printable(answer.reason) or None,
        )


@strawberry.type(description="What a request about parked events answers: a receipt, or why it was not made.")
class ParkingResult:
    receipt: ParkingReceipt | None = strawberry.field(
        default=None, description="Set when the request was made; null when it was refused."
    )
    user_errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why the request was refused; empty when it was not."
    )


def _printable(text: str) -> str:
    """Bytes that were no UTF-8 came as surrogates, which no JSON can have."""
    return text.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _data(text: str) -> object:
    try:
        return from_json(text)
    except ValueError:
        return text
