"""Requests about parked events that a partition's projector takes up, and its answers."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, Self

from write_model.contracts.given_up import DISCARDED
from write_model.contracts.streams import BEGINNING, Position


class Ask(StrEnum):
    """What may be asked for; either way the queue's events are projected again, in order, until one fails."""

    RETRY = "retry"
    DISCARD = DISCARDED
    """Give the event up first: a tombstone takes its place in the queue."""
    DROP = "drop"
    """As DISCARD, for what the journal does not have: no version is skipped for it."""


class Request(NamedTuple):
    """A request about the queue of an aggregate, or of one event without an aggregate (an empty text).

    `position` names the event to give up; to retry, it matters where there is no aggregate.
    """

    ask: Ask
    aggregate_id: str
    position: Position = BEGINNING

    @property
    def queue(self) -> tuple[str, Position]:
        """What the request is about: two of the same queue must not be taken up in one step."""
        return (self.aggregate_id, BEGINNING) if self.aggregate_id else ("", self.position)

    def encode(self) -> dict[str, str]:
        """The fields of an entry in the stream of requests."""
        return {"ask": self.ask, "aggregate": self.aggregate_id, "position": str(self.position)}

    @classmethod
    def decode(cls, fields: Mapping[str, str]) -> Self:
        """The request in its fields; ValueError where it is none that this program knows."""
        try:
            return cls(Ask(fields["ask"]), fields["aggregate"], Position.parse(fields["position"]))
        except KeyError as error:
            raise ValueError(f"a request has the field {error}") from error


class Outcome(StrEnum):
    """How a request ended."""

    FREE = "free"
    """Nothing of the queue is parked any more."""
    STUCK = "stuck"
    """An event failed again: it stays parked with its new reason, and so do those behind it."""
    UNKNOWN = "unknown"
    """The projector does not understand the request."""


class Answer(NamedTuple):
    """What came of a request so far: `projected` events left the queue, tombstones among them.

    `outcome` is None while the projector is still at it. `discarded` says that the event to give up was parked, and
    is no more. `position` and `reason` tell of the event that failed.
    """

    outcome: Outcome | None
    projected: int
    discarded: bool = False
    position: Position | None = None
    reason: str = ""

    def encode(self) -> dict[str, bytes]:
        """The fields of the answer, `projected` aside, which is counted up; bytes that were no UTF-8 are shown."""
        fields = {
            "outcome": self.outcome,
            "discarded": "1" if self.discarded else None,
            "position": str(self.position) if self.position else None,
            "reason": self.reason or None,
        }
        return {name: text.encode(errors="backslashreplace") for name, text in fields.items() if text}

    @classmethod
    def decode(cls, fields: Mapping[str, str]) -> Self:
        """The answer in its fields."""
        outcome, position = fields.get("outcome"), fields.get("position")
        return cls(
            Outcome(outcome) if outcome else None,
            int(fields.get("projected", 0)),
            "discarded" in fields,
            Position.parse(position) if position else None,
            fields.get("reason", ""),
        )
