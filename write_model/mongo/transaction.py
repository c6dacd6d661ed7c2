"""One transaction for a whole batch: aggregates by version, journal, receipts. Committed whole or not at all."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from bson.timestamp import Timestamp
from motor.motor_asyncio import AsyncIOMotorClientSession
from pymongo import InsertOne, ReplaceOne
from pymongo.errors import BulkWriteError, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from write_model.contracts.envelope import Envelope
from write_model.contracts.event import Event
from write_model.mongo import journal
from write_model.mongo.database import JOURNAL, RECEIPTS, Database, Document
from write_model.mongo.receipts import Keep
from write_model.ports import Aggregate, State, Submission

_WRITE_CONFLICT = 112
_DUPLICATE_KEY = 11000
_MAJORITY = WriteConcern("majority", j=True)
_COMMIT_PATIENCE_SECONDS = 10.0


class Conflict(Exception):
    """Nothing was written, and the batch, loaded again, has a fair chance: another process changed something first,
    or MongoDB got a new primary, or the connection was lost before the commit."""


class CommitUnknown(Exception):
    """MongoDB went away during the commit: it may have happened or not. The idempotency key finds out."""


class Taken(Exception):
    """A unique index refused the state of an aggregate; nothing was written."""

    def __init__(self, change: "Change", field: str) -> None:
        super().__init__(field)
        self.change = change
        self.field = field


@dataclass(frozen=True, slots=True)
class Change:
    """An aggregate's new state; `loaded_version` is 0 for one that is new.

    `takers`: for the field of each unique index, the command that gave it the value that it has now.
    """

    aggregate: Aggregate[Any]
    loaded_version: int
    state: State
    takers: Mapping[str, Submission]


@dataclass(frozen=True, slots=True)
class Batch:
    """All that one transaction writes."""

    changes: Sequence[Change]
    envelopes: Sequence[Envelope[Event]]
    receipts: Sequence[Keep]


async def write(database: Database, session: AsyncIOMotorClientSession, batch: Batch) -> None:
    """Write the batch in one transaction of the session; then `session.operation_time` is at or after its commit.

    Raises Conflict, Taken or another PyMongoError where nothing was written, CommitUnknown where that is open.
    """
    # Entered by hand: the context manager would commit without telling an unknown result from a failure.
    session.start_transaction(read_concern=ReadConcern("snapshot"), write_concern=_MAJORITY)
    try:
        await _write_changes(database, session, batch.changes)
        if batch.envelopes:
            documents = [journal.to_document(envelope) for envelope in batch.envelopes]
            await database[JOURNAL].insert_many(documents, session=session)
        await _keep(database, session, batch.receipts)
    except PyMongoError as error:
        await _abort(session)
        if _is_conflict(error):
            raise Conflict from error
        raise
    except BaseException:
        await _abort(session)
        raise
    await _commit(session)


async def _write_changes(database: Database, session: AsyncIOMotorClientSession, changes: Sequence[Change]) -> None:
    by_collection: dict[str, list[Change]] = {}
    for change in changes:
        by_collection.setdefault(change.aggregate.collection, []).append(change)
    for collection, group in by_collection.items():
        # Replacements first: where two processes meet, it is there, and early is cheap.
        group.sort(key=lambda change: change.loaded_version == 0)
        requests = [_request(change) for change in group]
        try:
            result = await database[collection].bulk_write(requests, session=session)
        except BulkWriteError as error:
            if (taken := _taken(error, group)) is not None:
                raise taken from error
            raise
        if result.matched_count + result.inserted_count != len(group):
            raise Conflict(f"stale version in {collection}")


def _request(change: Change) -> InsertOne[Document] | ReplaceOne[Document]:
    document = change.aggregate.to_document(change.state)
    if change.loaded_version == 0:
        return InsertOne(document)
    return ReplaceOne({"_id": change.state.id, "version": change.loaded_version}, document)


async def _keep(database: Database, session: AsyncIOMotorClientSession, receipts: Sequence[Keep]) -> None:
    requests = [request for keep in receipts if (request := keep.request())]
    if not requests:
        return
    result = await database[RECEIPTS].bulk_write(requests, session=session)
    if result.inserted_count + result.matched_count + result.deleted_count != len(requests):
        raise Conflict("a queued command was settled by another")


def _taken(error: BulkWriteError, group: Sequence[Change]) -> Taken | None:
    first = _first_write_error(error)
    if first["code"] != _DUPLICATE_KEY:
        return None
    field = next(iter(first["keyPattern"]))
    change = group[first["index"]]
    return Taken(change, field) if field in change.aggregate.taken else None


def _first_write_error(error: BulkWriteError) -> Document:
    """What stopped the bulk write; without a code where no single write did."""
    errors: list[Document] = error.details["writeErrors"]
    return errors[0] if errors else {"code": None}


def _is_conflict(error: PyMongoError) -> bool:
    """Whether the whole batch, reloaded, has a fair chance.

    A duplicate key counts: another process inserted the same event or receipt first, and a reload will see it.
    """
    if isinstance(error, BulkWriteError):
        return _first_write_error(error)["code"] in (_WRITE_CONFLICT, _DUPLICATE_KEY)
    return error.has_error_label("TransientTransactionError")


async def _abort(session: AsyncIOMotorClientSession) -> None:
    with suppress(PyMongoError):  # MongoDB forgets a transaction whose client is gone
        await session.abort_transaction()


def operation_time(session: AsyncIOMotorClientSession) -> Timestamp:
    """The cluster time that the session's last operation has seen."""
    return cast(Timestamp, session.operation_time)  # a property, whatever its stub says


async def _commit(session: AsyncIOMotorClientSession) -> None:
    """Retry the commit, never the commands, for as long as its result is unknown.

    That is after every error but one with the label that says that there is no such transaction any more: one of
    an interrupted wait for the majority, say, has no label at all, and the commit may stand.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _COMMIT_PATIENCE_SECONDS
    while True:
        try:
            await session.commit_transaction()
            return
        except PyMongoError as error:
            if error.has_error_label("TransientTransactionError"):
                raise Conflict from error
            if loop.time() > deadline:
                raise CommitUnknown from error
            await asyncio.sleep(0.05)
