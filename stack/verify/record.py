"""The record of what was published against the journal: every event that was committed must stand in it once."""

import asyncio
from typing import Final

from bson import Timestamp

from stack.verify.findings import Findings
from write_model.contracts.streams import BEGINNING, Position
from write_model.mongo.database import JOURNAL, Client, Database
from write_model.relay import segments

_ATTEMPTS: Final = 5
_PAUSE_SECONDS: Final = 0.5


async def verify_record(client: Client, database: Database, findings: Findings) -> None:
    """As of one moment up to which all should be recorded.

    That moment may lie within a transaction, of which only a part is recorded yet: then another one is taken.
    """
    for _ in range(_ATTEMPTS):
        upto = await segments.last_recorded(database)
        if upto is None:
            return  # nothing was ever published
        committed = await _committed(client, database, upto)
        recorded = 0
        async for part in segments.recorded_after(database, BEGINNING):
            recorded += sum(1 for position, _ in part if position <= upto)
        if committed == recorded:
            return
        await asyncio.sleep(_PAUSE_SECONDS)
    findings.add("the record of what was published", f"{committed:,} events are in the journal, it has {recorded:,}")


async def _committed(client: Client, database: Database, upto: Position) -> int:
    """Events in the journal as of a position's commit."""
    command = {
        "aggregate": JOURNAL,
        "pipeline": [{"$count": "events"}],
        "cursor": {},
        "readConcern": {"level": "snapshot", "atClusterTime": Timestamp(*upto.cluster_time)},
    }
    async with await client.start_session() as session:
        found = (await database.command(command, session=session))["cursor"]["firstBatch"]
    return int(found[0]["events"]) if found else 0
