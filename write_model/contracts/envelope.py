"""The envelope: who, what, when, and where in an aggregate's history an event stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from write_model.contracts.event import Event

E = TypeVar("E", bound=Event, covariant=True)


@dataclass(frozen=True, slots=True)
class Envelope(Generic[E]):
    """An event with its context.

    `version` counts from 1 in its aggregate; `ordinal` from 0 in its transaction. Every event has an actor and a
    command; `trace` is a W3C traceparent where the request had one.
    """

    aggregate_id: str
    version: int
    ordinal: int
    occurred_at: datetime
    command_id: str
    actor: str
    trace: str | None
    event: E

    @property
    def event_id(self) -> str:
        """Unique and the same for ever: an aggregate has one event a version."""
        return event_id(self.aggregate_id, self.version)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Stands in the place of an event that was given up: its version is skipped, as if it had changed nothing."""

    aggregate_id: str
    version: int


def event_id(aggregate_id: str, version: int) -> str:
    """`ord_...@3`: the third event of that order."""
    return f"{aggregate_id}@{version}"


def aggregate_of(event_id: str) -> str:
    """The aggregate whose event that is."""
    return event_id.partition("@")[0]


def version_of(event_id: str) -> int:
    """The aggregate's version of that event."""
    return int(event_id.partition("@")[2])
