"""The states of one batch: loaded once, together, and kept as the batch goes on deciding over them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

from write_model.mongo.database import Database, Document
from write_model.ports import Aggregate, State


class Unreadable(Exception):
    """An aggregate's document is not one that this program knows: a newer one wrote it, say."""


Find = Callable[[Aggregate[Any], set[str]], Awaitable[Mapping[str, State | Unreadable]]]
"""Those of the wanted aggregates that exist, by id."""

S = TypeVar("S", bound=State)


class Loader:
    """An identity map. What is asked for in the same tick of the event loop is one find per collection."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._states: dict[str, State | None] = {}
        self._unreadable: dict[str, Unreadable] = {}
        self._loaded_versions: dict[str, int] = {}
        self._wanted: dict[str, tuple[Aggregate[Any], set[str]]] = {}
        self._flushing: asyncio.Task[None] | None = None

    async def load(self, aggregate: Aggregate[S], ids: Iterable[str]) -> None:
        """See to it that `state` knows these; Unreadable where one of them is: whoever does not need it goes on."""
        wanted = list(ids)
        if missing := [id for id in wanted if id not in self._states]:
            self._wanted.setdefault(aggregate.collection, (aggregate, set()))[1].update(missing)
            if self._flushing is None:
                self._flushing = asyncio.create_task(self._flush())
            await asyncio.shield(self._flushing)
        for id in wanted:
            if id in self._unreadable:
                raise Unreadable(id) from self._unreadable[id].__cause__

    def state(self, aggregate: Aggregate[S], id: str) -> S | None:
        """The state as the batch has it now; None where there is no such aggregate (or it was not loaded)."""
        del aggregate  # for the type alone
        return cast(S | None, self._states.get(id))

    def version(self, id: str) -> int:
        """The version as the batch has it now, 0 for what does not exist."""
        state = self._states.get(id)
        return state.version if state else 0

    def loaded_version(self, id: str) -> int:
        """The version at which the aggregate was found in the database, 0 where it was not."""
        return self._loaded_versions.get(id, 0)

    def put(self, state: State) -> None:
        """The batch has decided: from now on this is the state."""
        self._states[state.id] = state

    async def _flush(self) -> None:
        # This task was scheduled behind every handler that starts in this tick: their wishes are in.
        wanted, self._wanted, self._flushing = self._wanted, {}, None
        await asyncio.gather(*(self._fill(aggregate, ids) for aggregate, ids in wanted.values()))

    async def _fill(self, aggregate: Aggregate[Any], ids: set[str]) -> None:
        states = await self._find(aggregate, ids)
        for id in ids:
            state = states.get(id)
            if isinstance(state, Unreadable):
                self._unreadable[id] = state
                continue
            # A load of the same thing in another tick may have been overtaken by a decision: keep the first.
            if id not in self._states:
                self._states[id] = state
                if state:
                    self._loaded_versions[id] = state.version


def find_in(database: Database) -> Find:
    """Loads from the aggregate's collection, one query."""

    async def find(aggregate: Aggregate[Any], ids: set[str]) -> dict[str, State | Unreadable]:
        documents = await database[aggregate.collection].find({"_id": {"$in": sorted(ids)}}).to_list(None)
        return {document["_id"]: _read(aggregate, document) for document in documents}

    return find


def _read(aggregate: Aggregate[Any], document: Document) -> State | Unreadable:
    try:
        state: State = aggregate.from_document(document)
    except Exception as error:
        unreadable = Unreadable(document["_id"])
        unreadable.__cause__ = error
        return unreadable
    return state
