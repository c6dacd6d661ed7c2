"""Requests about parked events, taken up within a step: before the entries that the step takes in.

A queue is projected again from its head, by what this program knows, until an event fails or none is left; what
succeeds leaves it. The projected events' own positions are in the past of the feed, so they are announced at the
first position of the step.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from projector.incoming import Entry, Incoming
from projector.parking import Parked, behind
from projector.rows import RowId, Rows
from projector.writes import Writes
from read_model.schema.requests import Answer, Ask, Outcome, Request
from write_model.contracts import codec
from write_model.contracts.streams import Position

RETRIED_AT_ONCE: Final = 500
"""Parked events that one step projects."""


class Asked(NamedTuple):
    """An entry in the stream of requests: None where it is no request that this program knows."""

    id: str
    request: Request | None

    @classmethod
    def of(cls, id: str, fields: Mapping[str, str]) -> "Asked":
        """The request in a stream entry."""
        try:
            return cls(id, Request.decode(fields))
        except ValueError:
            return cls(id, None)


def different(asked: Iterable[Asked]) -> list[tuple[Asked, Request]]:
    """Those that one step may take up: of each queue the first request only, so that no event is folded twice."""
    firsts: dict[tuple[str, Position], tuple[Asked, Request]] = {}
    for one in asked:
        if one.request:
            firsts.setdefault(one.request.queue, (one, one.request))
    return list(firsts.values())


class Answered(NamedTuple):
    """What the step says to a request; one with an outcome is over."""

    id: str
    answer: Answer


@dataclass(slots=True)
class Retried:
    """What requests come to beside their writes: events that leave, events that stay otherwise than they were."""

    left: list[tuple[str, Position]] = field(default_factory=list)
    """Aggregate and position."""
    parked: list[Parked] = field(default_factory=list)
    freed: set[str] = field(default_factory=set)
    """Aggregates that have nothing parked any more."""
    answers: list[Answered] = field(default_factory=list)
    given_up: list[Request] = field(default_factory=list)
    """Requests whose event is given up from now on."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The first events of a queue, in order, and the request about it. `has_more`: they are not all."""

    id: str
    request: Request
    events: Sequence[Incoming]
    has_more: bool
    given_up: Incoming | None = None
    """The event to discard as it is from now on, wherever in the queue it stands."""

    @classmethod
    def of(
        cls, id: str, request: Request, entries: Iterable[Entry], *, has_more: bool, discarded: Entry | None
    ) -> "Queue":
        """The queue as stored, in which the event to discard gives way to its tombstone."""
        given_up = Incoming.of(discarded[0], tombstone_of(request.ask, discarded[1])) if discarded else None
        events = [
            given_up if given_up and given_up.position == position else Incoming.of(position, entry)
            for position, entry in entries
        ]
        return cls(id, request, events, has_more, given_up)

    def touches(self) -> list[RowId]:
        """Every row that the fold may look at."""
        return [row for event in self.events if event.readable for row in event.readable.touches]

    def fold(self, at: Position, rows: Rows, writes: Writes, retried: Retried) -> None:
        """Project the events, announced at the position."""
        aggregate_id, done = self.request.aggregate_id, set[Position]()
        failed: Parked | None = None
        for event in self.events:
            if reason := event.fold(at, rows, writes):
                failed = Parked(event.position, aggregate_id, reason, event.entry)
                retried.parked.append(failed)
                break
            retried.left.append((aggregate_id, event.position))
            done.add(event.position)
        retried.answers.append(Answered(self.id, self._answer(len(done), failed)))
        if failed:
            done.add(failed.position)
        elif not self.has_more:
            retried.freed.add(aggregate_id)
        if self.given_up:
            retried.given_up.append(self.request)
        if self.given_up and self.given_up.position not in done:
            entry = self.given_up.entry
            retried.parked.append(Parked(self.given_up.position, aggregate_id, behind(aggregate_id), entry))

    def _answer(self, projected: int, failed: Parked | None) -> Answer:
        discarded = self.given_up is not None
        if failed:
            return Answer(Outcome.STUCK, projected, discarded, failed.position, failed.reason)
        return Answer(None if self.has_more else Outcome.FREE, projected, discarded)


def fold_requests(
    at: Position, asked: Iterable[Asked], queues: Iterable[Queue], rows: Rows, writes: Writes
) -> Retried:  # fmt: skip
    """Project the queues, announced at the position; nobody is left without an answer. Pure, rows and writes aside."""
    retried = Retried()
    for one in asked:
        if one.request is None:
            retried.answers.append(Answered(one.id, Answer(Outcome.UNKNOWN, 0)))
    for queue in queues:
        queue.fold(at, rows, writes, retried)
    return retried


def tombstone_of(ask: Ask, entry: Mapping[str, str]) -> Mapping[str, str]:
    """What takes the place of an event that is given up."""
    tombstone = entry if codec.TOMBSTONE in entry else codec.tombstone_for(entry)
    return {**tombstone, "version": ""} if ask is Ask.DROP else tombstone
