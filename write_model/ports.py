"""What command handlers need of the world, and what an aggregate shows to those who store it. Names no feature."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from write_model.actor import Actor
from write_model.contracts.event import Event
from write_model.contracts.ids import Entropy, Kind
from write_model.rejection import Rejection

__all__ = [
    "Actor",
    "Aggregate",
    "Clock",
    "Command",
    "Entropy",
    "Handler",
    "OnRefusal",
    "Receipt",
    "State",
    "Submission",
    "Terms",
    "UnitOfWork",
]

Clock = Callable[[], datetime]
"""Now, in UTC, in whole milliseconds: what MongoDB and the contract keep."""


class State(Protocol):
    """What every aggregate knows of itself."""

    @property
    def id(self) -> str: ...
    @property
    def version(self) -> int: ...


S = TypeVar("S", bound=State)


@dataclass(frozen=True)
class Aggregate(Generic[S]):
    """An aggregate as those see it who load and store it.

    `evolve(id, state, event)` gives the next state, one version higher. An aggregate that the actor may not see is
    `missing` to them. `taken` has, for the field of each unique index, the refusal of the second one.
    """

    kind: Kind
    collection: str
    evolve: Callable[[str, S | None, Any], S]
    to_document: Callable[[S], dict[str, Any]]
    from_document: Callable[[Mapping[str, Any]], S]
    missing: type[Rejection]
    visible_to: Callable[[S, Actor], bool]
    taken: Mapping[str, Callable[[S], Rejection]]
    found_by: Sequence[Sequence[str]] = ()
    """Fields of further indexes, for those who look for aggregates by them."""


class Command(BaseModel):
    """Something the system is asked to do, structurally valid. Field paths in errors are the contract's, camelCase."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the shop has settled for all orders: its one currency (ISO 4217), and the time to confirm an order in."""

    currency: str
    confirmation_window: timedelta


class UnitOfWork(Protocol):
    """One command's view of the aggregates: what it loads, and what it wants to have happened."""

    @property
    def now(self) -> datetime: ...
    @property
    def actor(self) -> Actor: ...
    @property
    def terms(self) -> "Terms": ...

    def new_id(self, kind: Kind, slot: int | None = None) -> str:
        """A new id, in the given slot or in one of its own."""
        ...

    async def load(self, aggregate: Aggregate[S], id: str, *, expected_version: int | None = None) -> S:
        """The aggregate's state; `aggregate.missing` or VersionConflict where that cannot be."""
        ...

    async def load_many(self, aggregate: Aggregate[S], ids: Iterable[str]) -> dict[str, S]:
        """The states that exist, by id."""
        ...

    def record(self, aggregate: Aggregate[S], id: str, events: Sequence[Event]) -> None:
        """These happened to the aggregate, in this order."""
        ...

    def version_of(self, id: str) -> int:
        """The version of an aggregate that was loaded or created, with what was recorded."""
        ...


C = TypeVar("C", bound=Command, contravariant=True)


class Handler(Protocol[C]):
    """Loads, decides, records; answers the id of what the command created or changed."""

    def __call__(self, command: C, uow: UnitOfWork, /) -> Awaitable[str]: ...


OnRefusal = Callable[[Rejection, UnitOfWork], Awaitable[str]]
"""Records that a command was refused; answers the id of what says so."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A command on its way to the commit.

    `fingerprint` tells two commands apart that came with the same key; `at` is when the command was taken, and the
    time of its events. `on_refusal` is for one that was queued: nobody waits for its answer, so that its refusal is
    committed as well.
    """

    command: Command
    handler: Handler[Any]
    command_id: str
    actor: Actor
    at: datetime
    fingerprint: str
    idempotency_key: str | None
    trace: str | None
    on_refusal: OnRefusal | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a committed command answers; `token` marks the commit (contracts.streams.Token, encoded).

    A command that was queued answers with a receipt of its own queueing: `id` is then its `command_id`.
    """

    command_id: str
    id: str
    version: int
    token: str
    committed_at: datetime
    replayed: bool
