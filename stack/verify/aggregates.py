"""Stored aggregates against the journal: each must be what its events make of it, and no version may be missing.

Commands go on meanwhile, so a difference may only be the news between two reads: each is looked at again in a
snapshot before it counts.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from stack.verify.findings import Findings
from stack.verify.history import histories, history
from write_model.commands import AGGREGATES
from write_model.contracts.envelope import event_id
from write_model.mongo import journal
from write_model.mongo.database import JOURNAL, RECEIPTS, Client, Database, Document
from write_model.ports import Aggregate

_AT_ONCE: Final = 500
_OF_KIND: Final[Mapping[str, Aggregate[Any]]] = {aggregate.kind: aggregate for aggregate in AGGREGATES}

Advance = Callable[[int], None]
"""Told how many events, aggregates or receipts more were looked at."""


@dataclass(frozen=True, slots=True)
class Folded:
    """What the events of an aggregate make of it: its document, or why they make nothing."""

    document: Document | None
    problem: str = ""


class AggregateCheck:
    """The check of one database."""

    def __init__(self, client: Client, database: Database, findings: Findings, advance: Advance) -> None:
        self._client = client
        self._database = database
        self._findings = findings
        self._advance = advance

    async def run(self) -> None:
        """Every history, every stored aggregate, every receipt."""
        pending: dict[str, Folded] = {}
        async for id, documents in histories(self._database):
            folded = await self._fold(id, documents)
            if folded:
                pending[id] = folded
            if len(pending) >= _AT_ONCE:
                await self._compare(pending)
                pending = {}
        await self._compare(pending)
        for aggregate in AGGREGATES:
            await self._look_for_histories(aggregate)
        await self._look_for_events_of_receipts()

    async def _fold(self, id: str, documents: AsyncIterator[Document]) -> Folded | None:
        """None for what is no stored aggregate."""
        aggregate = _OF_KIND.get(id[:3])
        state, version, count, problem = None, 0, 0, ""
        async for document in documents:
            count += 1
            if problem or aggregate is None:
                continue
            if document["version"] != version + 1:
                problem = f"the journal has version {document['version']} after {version}"
                continue
            version = document["version"]
            try:
                state = aggregate.evolve(id, state, journal.from_document(document).event)
            except Exception as error:  # whatever it is, it is what we look for
                problem = f"the event of version {version} does not follow: {type(error).__name__}: {error}"
        self._advance(count)
        if aggregate is None:
            return None
        return Folded(None, problem) if problem or state is None else Folded(aggregate.to_document(state))

    async def _compare(self, pending: dict[str, Folded]) -> None:
        by_kind: dict[str, list[str]] = {}
        for id in pending:
            by_kind.setdefault(id[:3], []).append(id)
        for kind, ids in by_kind.items():
            stored = self._database[_OF_KIND[kind].collection].find({"_id": {"$in": ids}})
            found = {document["_id"]: document async for document in stored}
            for id in ids:
                if pending[id].problem or _normal(found.get(id)) != pending[id].document:
                    await self._look_again(id)

    async def _look_again(self, id: str) -> None:
        """One aggregate and its history at the same moment."""
        async with await self._client.start_session(snapshot=True) as session:
            stored = await self._database[_OF_KIND[id[:3]].collection].find_one({"_id": id}, session=session)
            folded = await self._fold(id, history(self._database, id, session))
        assert folded is not None
        if folded.problem:
            self._findings.add(id, folded.problem)
        elif stored is None:
            self._findings.add(id, "the journal has its history, but nothing is stored")
        elif folded.document:
            normal = _normal(stored) or {}
            for name, value in folded.document.items():
                if normal.get(name) != value:
                    self._findings.add(id, f"{name} is stored as {normal.get(name)!r}, the journal says {value!r}")

    async def _look_for_histories(self, aggregate: Aggregate[Any]) -> None:
        ids: list[str] = []
        async for document in self._database[aggregate.collection].find({}, {"_id": 1}).sort("_id", 1):
            ids.append(document["_id"])
            if len(ids) == _AT_ONCE:
                await self._need_first_events(ids)
                ids = []
        await self._need_first_events(ids)

    async def _need_first_events(self, ids: list[str]) -> None:
        there = await self._events_there([event_id(id, 1) for id in ids])
        for id in ids:
            if event_id(id, 1) not in there and await self._has_no_history(id):
                self._findings.add(id, "it is stored, but the journal has nothing of it")
        self._advance(len(ids))

    async def _has_no_history(self, id: str) -> bool:
        """Where it has some, the first event is a hole, and was told."""
        asked = {"_id": {"$gt": f"{id}@", "$lt": f"{id}A"}}
        return await self._database[JOURNAL].find_one(asked, {"_id": 1}) is None

    async def _look_for_events_of_receipts(self) -> None:
        wanted: dict[str, str] = {}
        async for receipt in self._database[RECEIPTS].find({}, {"aggregate_id": 1, "version": 1}).batch_size(_AT_ONCE):
            wanted[event_id(receipt["aggregate_id"], receipt["version"])] = str(receipt["_id"])
            if len(wanted) == _AT_ONCE:
                await self._need_events(wanted)
                wanted = {}
        await self._need_events(wanted)

    async def _need_events(self, wanted: dict[str, str]) -> None:
        there = await self._events_there(list(wanted))
        for id, receipt in wanted.items():
            if id not in there:
                self._findings.add(f"receipt {receipt}", f"the journal lacks the event {id} that it names")
        self._advance(len(wanted))

    async def _events_there(self, ids: list[str]) -> set[str]:
        return {document["_id"] async for document in self._database[JOURNAL].find({"_id": {"$in": ids}}, {"_id": 1})}


def _normal(stored: Document | None) -> Document | None:
    """The document as this program would write it: older ones lack what came later. One that cannot be read stays."""
    if stored is None:
        return None
    aggregate = _OF_KIND[stored["_id"][:3]]
    try:
        return aggregate.to_document(aggregate.from_document(stored))
    except Exception:  # whatever it is, it shows as a difference
        return stored
