"""One command's view of a batch: what it has read, and what it wants to have happened."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

from write_model.actor import Actor
from write_model.contracts.event import Event
from write_model.contracts.ids import Entropy, Kind, new_id, new_slot
from write_model.mongo.loader import Loader
from write_model.ports import Aggregate, State, Submission, Terms
from write_model.rejection import VersionConflict

S = TypeVar("S", bound=State)


class Work:
    """A UnitOfWork over a batch's loader. Nothing leaves it before the batch admits it."""

    def __init__(self, submission: Submission, loader: Loader, *, terms: Terms, entropy: Entropy) -> None:
        self.submission = submission
        self.terms = terms
        self.events: list[tuple[Aggregate[Any], str, Event]] = []
        self._loader = loader
        self._entropy = entropy
        self._own: dict[str, State] = {}
        self._versions_read: dict[str, int] = {}
        self.is_refused = False

    @property
    def now(self) -> datetime:
        return self.submission.at

    @property
    def actor(self) -> Actor:
        return self.submission.actor

    def new_id(self, kind: Kind, slot: int | None = None) -> str:
        return new_id(kind, new_slot(self._entropy) if slot is None else slot, self.now, self._entropy)

    async def load(self, aggregate: Aggregate[S], id: str, *, expected_version: int | None = None) -> S:
        state = (await self.load_many(aggregate, [id])).get(id)
        if state is None:
            raise aggregate.missing(id=id)
        if expected_version is not None and expected_version != state.version:
            raise VersionConflict(
                id=id, version=state.version, expected=expected_version, field=("input", "expectedVersion")
            )
        return state

    async def load_many(self, aggregate: Aggregate[S], ids: Iterable[str]) -> dict[str, S]:
        wanted = list(ids)
        await self._loader.load(aggregate, wanted)
        found: dict[str, S] = {}
        for id in wanted:
            state = cast(S | None, self._own.get(id)) or self._loader.state(aggregate, id)
            self._versions_read.setdefault(id, self._loader.version(id))
            if state is not None and aggregate.visible_to(state, self.actor):
                found[id] = state
        return found

    def record(self, aggregate: Aggregate[S], id: str, events: Sequence[Event]) -> None:
        state = cast(S | None, self._own.get(id)) or self._loader.state(aggregate, id)
        for event in events:
            state = aggregate.evolve(id, state, event)
            self.events.append((aggregate, id, event))
        if state is not None:
            self._own[id] = state

    @property
    def is_current(self) -> bool:
        """Whether all that was read is still as the batch has it."""
        return all(self._loader.version(id) == version for id, version in self._versions_read.items())

    def version_of(self, id: str) -> int:
        """The aggregate's version after this work."""
        state = self._own.get(id)
        return state.version if state else self._loader.version(id)

    def refuse(self) -> None:
        """What was recorded did not happen; what is recorded from here on says so."""
        self.events.clear()
        self._own.clear()
        self.is_refused = True

    def admit(self) -> None:
        """Let the commands behind this one see what it did."""
        for id in dict.fromkeys(id for _, id, _ in self.events):
            self._loader.put(self._own[id])
