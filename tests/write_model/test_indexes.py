"""Collections and indexes are made by whoever starts first, and it does no harm to start at once."""

import asyncio

from write_model.commands import AGGREGATES
from write_model.mongo.database import Database
from write_model.mongo.indexes import ensure_indexes, missing_indexes

PROCESSES = 20


async def test_processes_that_start_at_once_make_them_together(stored: Database) -> None:
    await asyncio.gather(*(ensure_indexes(stored, AGGREGATES) for _ in range(PROCESSES)))
    assert await missing_indexes(stored, AGGREGATES) == []
