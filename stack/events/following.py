"""The journal followed: what was recorded of the past, then every commit, and after a lost connection from there on."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final

from pymongo.errors import OperationFailure, PyMongoError

from stack.processes import delay_after
from write_model.contracts.streams import BEGINNING, Position
from write_model.mongo.database import JOURNAL, Client, Database, Document
from write_model.mongo.transaction import operation_time
from write_model.relay import changes, segments

SILENCE_SECONDS: Final = 15.0
"""A MongoDB that says nothing for longer is lost: it answers every half second, that nothing has happened."""
_REFUSALS: Final = (13, 18)
"""Unauthorized, AuthenticationFailed: they do not pass."""

Event = tuple[Position, Document]
"""A document of the journal, and where it stands in the order of commits."""


async def follow(
    client: Client, database: Database, after: Position | None, lost: Callable[[float], None]
) -> AsyncGenerator[list[Event]]:
    """Batches of events above the position, or from now on, each once, in commit order, for ever.

    Where MongoDB cannot be reached at first, that is raised; later it is tried again, with growing patience, and
    `lost` hears in how many seconds. HistoryLost where neither record nor oplog reach back to the position.
    """
    now = await _now(client, database)
    after, failures = after or now, 0
    while True:
        try:
            async with aclosing(_batches(client, database, after)) as batches:
                while True:
                    async with asyncio.timeout(SILENCE_SECONDS):
                        upto, events = await anext(batches)
                    after, failures = max(after, upto), 0
                    yield events
        except (PyMongoError, TimeoutError) as error:
            if isinstance(error, OperationFailure) and error.code in _REFUSALS:
                raise
            failures += 1
            lost(delay_after(failures))
            await asyncio.sleep(delay_after(failures))


async def _now(client: Client, database: Database) -> Position:
    """The end of the last commit."""
    async with await client.start_session() as session:
        await database.command("ping", session=session)
        time = operation_time(session)
    return Position.of_commit(time.time, time.inc).end_of_commit


async def _batches(client: Client, database: Database, after: Position) -> AsyncGenerator[tuple[Position, list[Event]]]:
    """Batches of events above a position, each with the position up to which nothing is missing."""
    recorded = await segments.last_recorded(database) or BEGINNING
    if after < recorded:
        async for part in segments.recorded_after(database, after):
            whole = [(position, id) for position, id in part if position <= recorded]  # beyond, there may be holes
            documents = database[JOURNAL].find({"_id": {"$in": [id for _, id in whole]}})
            found = {document["_id"]: document async for document in documents}
            yield part[-1][0], [(position, found[id]) for position, id in whole if id in found]
        after = recorded
    async with aclosing(changes.follow(client, database, after)) as batches:
        async for batch in batches:
            events = [(its.position, its.document) for its in batch if its.document and its.position > after]
            after = max(after, batch[-1].position) if batch else after
            yield after, events
